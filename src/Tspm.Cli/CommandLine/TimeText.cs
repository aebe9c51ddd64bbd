namespace Tspm.Cli.CommandLine;

/// <summary>Points in time as people write them: ago, by the clock, by date, RFC 3339, unix.</summary>
internal static class TimeText
{
    private const string Examples = "examples: 10m, \"2026-01-31 14:05\", 14:05:06";

    /// <summary>Reads a point in time.</summary>
    /// <param name="text">What was written.</param>
    /// <param name="now">Now.</param>
    /// <param name="zone">The zone of times without one.</param>
    /// <exception cref="CliException">It is none; says at which column, with examples.</exception>
    public static DateTimeOffset Parse(string text, DateTimeOffset now, TimeZoneInfo zone)
    {
        var local = TimeZoneInfo.ConvertTime(now, zone);
        try
        {
            return text switch
            {
                "now" => now,
                "today" => AtZone(local.Date, zone),
                "yesterday" => AtZone(local.Date.AddDays(-1), zone),
                _ => Parse(new TimeScan(text), now, local, zone),
            };
        }
        catch (FormatException wrong)
        {
            throw new CliException(ExitCodes.Usage, wrong.Message, Examples, ErrorCode.BadTime);
        }
    }

    /// <summary>Reads a duration as "90s", "2h30m", "3d", "250ms".</summary>
    /// <param name="text">What was written.</param>
    /// <param name="duration">The duration.</param>
    /// <param name="column">Where it goes wrong, from 0.</param>
    public static bool TryParseDuration(string text, out TimeSpan duration, out int column)
    {
        try
        {
            var scan = new TimeScan(text);
            duration = ReadDuration(scan);
            column = text.Length;
            return true;
        }
        catch (TimeFormatException wrong)
        {
            duration = TimeSpan.Zero;
            column = wrong.Column;
            return false;
        }
    }

    private static DateTimeOffset Parse(
        TimeScan scan,
        DateTimeOffset now,
        DateTimeOffset local,
        TimeZoneInfo zone
    )
    {
        if (scan.TryTake("@"))
        {
            return ReadUnix(scan);
        }

        var digits = scan.CountDigits();
        switch (digits, scan.Peek(digits))
        {
            case (4, '-'):
                return ReadDate(scan, zone);
            case (1 or 2, ':'):
                var clock = ReadClock(scan);
                scan.ExpectEnd("the end of the time");
                return AtZone(local.Date + clock, zone);
            case (> 0, not '\0'):
                var ago = ReadDuration(scan);
                return now.UtcDateTime.Ticks > ago.Ticks
                    ? now - ago
                    : throw scan.Wrong(0, "that is before all time");
            case (> 0, _):
                throw scan.Wrong(digits, "a unit is missing: ms, s, m, h or d");
            default:
                throw scan.Wrong(0, "a time begins with a digit, @, or is now, today or yesterday");
        }
    }

    private static DateTimeOffset ReadUnix(TimeScan scan)
    {
        const long end = 253_402_300_800;
        var at = scan.At;
        var seconds = scan.Number(1, 12, 0, end - 1, "seconds since 1970");
        var fraction = scan.TryTake(".") ? scan.Fraction() : 0;
        scan.ExpectEnd("the end of the time");
        return seconds < end
            ? DateTimeOffset.UnixEpoch.AddTicks((seconds * TimeSpan.TicksPerSecond) + fraction)
            : throw scan.Wrong(at, "that is after all time");
    }

    private static DateTimeOffset ReadDate(TimeScan scan, TimeZoneInfo zone)
    {
        var year = (int)scan.Number(4, 4, 1, 9999, "a year");
        scan.Expect('-');
        var month = (int)scan.Number(2, 2, 1, 12, "a month");
        scan.Expect('-');
        var last = DateTime.DaysInMonth(year, month);
        var day = (int)scan.Number(2, 2, 1, last, "a day of that month");
        var date = new DateTime(year, month, day, 0, 0, 0, DateTimeKind.Unspecified);
        if (scan.IsAtEnd)
        {
            return AtZone(date, zone);
        }

        if (!scan.TryTake("T") && !scan.TryTake(" ") && !scan.TryTake("t"))
        {
            throw scan.Wrong(scan.At, "a blank or T comes before the clock");
        }

        date += ReadClock(scan);
        if (scan.IsAtEnd)
        {
            return AtZone(date, zone);
        }

        var offset = ReadOffset(scan);
        scan.ExpectEnd("the end of the time");
        return date.Ticks >= offset.Ticks && date.Ticks - offset.Ticks <= DateTime.MaxValue.Ticks
            ? new DateTimeOffset(date, offset)
            : throw scan.Wrong(0, "that is outside all time");
    }

    private static TimeSpan ReadClock(TimeScan scan)
    {
        var hour = scan.Number(1, 2, 0, 23, "an hour");
        scan.Expect(':');
        var minute = scan.Number(2, 2, 0, 59, "a minute");
        var second = scan.TryTake(":") ? scan.Number(2, 2, 0, 59, "a second") : -1;
        var fraction = second >= 0 && scan.TryTake(".") ? scan.Fraction() : 0;
        return new TimeSpan((int)hour, (int)minute, Math.Max(0, (int)second))
            + TimeSpan.FromTicks(fraction);
    }

    private static TimeSpan ReadOffset(TimeScan scan)
    {
        if (scan.TryTake("Z") || scan.TryTake("z"))
        {
            return TimeSpan.Zero;
        }

        var isBehind = scan.TryTake("-");
        if (!isBehind && !scan.TryTake("+"))
        {
            throw scan.Wrong(scan.At, "a zone is Z, or +hh:mm, or -hh:mm");
        }

        var hours = scan.Number(2, 2, 0, 14, "hours of a zone");
        scan.Expect(':');
        var minutes = scan.Number(2, 2, 0, hours == 14 ? 0 : 59, "minutes of a zone");
        var offset = new TimeSpan((int)hours, (int)minutes, 0);
        return isBehind ? -offset : offset;
    }

    private static TimeSpan ReadDuration(TimeScan scan)
    {
        var total = TimeSpan.Zero;
        do
        {
            var at = scan.At;
            var number = scan.Number(1, 9, 0, int.MaxValue, "a number");
            var unit = scan.Unit();
            var most = TimeSpan.MaxValue.Ticks / unit.Ticks;
            if (number > most || TimeSpan.MaxValue - total < number * unit)
            {
                throw scan.Wrong(at, "that is longer than all time");
            }

            total += number * unit;
        } while (!scan.IsAtEnd);

        return total;
    }

    private static DateTimeOffset AtZone(DateTime time, TimeZoneInfo zone)
    {
        var plain = DateTime.SpecifyKind(time, DateTimeKind.Unspecified);

        // A time that a clock change skips means the moment of the change.
        var real = zone.IsInvalidTime(plain) ? plain.AddHours(1) : plain;
        return new DateTimeOffset(real, zone.GetUtcOffset(real));
    }
}

/// <summary>A text that is no time, with the place where it goes wrong.</summary>
internal sealed class TimeFormatException(int column, string message) : FormatException(message)
{
    /// <summary>From 0.</summary>
    public int Column { get; } = column;
}
