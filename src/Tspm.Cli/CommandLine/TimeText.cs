using System.Globalization;

namespace Tspm.Cli.CommandLine;

/// <summary>Points in time as people write them: ago, by the clock, by date, RFC 3339, unix.</summary>
internal static class TimeText
{
    private static readonly string[] Dates =
    [
        "yyyy-MM-dd",
        "yyyy-MM-dd HH:mm",
        "yyyy-MM-dd HH:mm:ss",
        "yyyy-MM-dd HH:mm:ss.FFFFFFF",
        "yyyy-MM-dd'T'HH:mm",
        "yyyy-MM-dd'T'HH:mm:ss",
        "yyyy-MM-dd'T'HH:mm:ss.FFFFFFF",
    ];

    private static readonly string[] Clocks = ["HH:mm", "HH:mm:ss", "HH:mm:ss.FFFFFFF"];

    /// <summary>Reads a point in time.</summary>
    /// <param name="text">What was written.</param>
    /// <param name="now">Now.</param>
    /// <param name="zone">The zone of times without one.</param>
    /// <exception cref="CliException">It is none; says at which column, with examples.</exception>
    public static DateTimeOffset Parse(string text, DateTimeOffset now, TimeZoneInfo zone)
    {
        var local = TimeZoneInfo.ConvertTime(now, zone);
        switch (text)
        {
            case "now":
                return now;
            case "today":
                return AtZone(local.Date, zone);
            case "yesterday":
                return AtZone(local.Date.AddDays(-1), zone);
            default:
                break;
        }

        if (
            text.StartsWith('@')
            && decimal.TryParse(
                text[1..],
                NumberStyles.AllowDecimalPoint,
                CultureInfo.InvariantCulture,
                out var unix
            )
            && unix < 253_402_300_800
        )
        {
            return DateTimeOffset.UnixEpoch.AddTicks((long)(unix * TimeSpan.TicksPerSecond));
        }

        if (TryParseDuration(text, out var ago, out var column))
        {
            return now - ago;
        }

        return ParseDate(text, local, zone)
            ?? throw new CliException(
                ExitCodes.Usage,
                $"\"{text}\" is not a time (column {column + 1})",
                "examples: 10m, \"2026-01-31 14:05\", 14:05:06",
                ErrorCode.BadTime
            );
    }

    private static DateTimeOffset? ParseDate(string text, DateTimeOffset local, TimeZoneInfo zone)
    {
        const DateTimeStyles none = DateTimeStyles.None;
        if (DateTime.TryParseExact(text, Dates, CultureInfo.InvariantCulture, none, out var date))
        {
            return AtZone(date, zone);
        }

        if (DateTime.TryParseExact(text, Clocks, CultureInfo.InvariantCulture, none, out var clock))
        {
            return AtZone(local.Date + clock.TimeOfDay, zone);
        }

        var hasZone = text.EndsWith('Z') || (text.Length > 6 && text[^6] is '+' or '-');
        if (
            hasZone
            && DateTimeOffset.TryParse(
                text,
                CultureInfo.InvariantCulture,
                DateTimeStyles.AssumeUniversal,
                out var full
            )
        )
        {
            return full;
        }

        return null;
    }

    /// <summary>Reads a duration as "90s", "2h30m", "3d", "250ms".</summary>
    /// <param name="text">What was written.</param>
    /// <param name="duration">The duration.</param>
    /// <param name="column">Where it goes wrong, from 0.</param>
    public static bool TryParseDuration(string text, out TimeSpan duration, out int column)
    {
        duration = TimeSpan.Zero;
        column = 0;
        while (column < text.Length)
        {
            var digits = column;
            while (digits < text.Length && char.IsAsciiDigit(text[digits]))
            {
                digits++;
            }

            var unitEnd = digits;
            while (unitEnd < text.Length && char.IsAsciiLetterLower(text[unitEnd]))
            {
                unitEnd++;
            }

            var isNumber = int.TryParse(
                text.AsSpan(column, digits - column),
                NumberStyles.None,
                CultureInfo.InvariantCulture,
                out var number
            );
            if (!isNumber || UnitOf(text[digits..unitEnd]) is not { } unit)
            {
                return false;
            }

            duration += number * unit;
            column = unitEnd;
        }

        return text.Length > 0;
    }

    private static TimeSpan? UnitOf(string unit) =>
        unit switch
        {
            "ms" => TimeSpan.FromMilliseconds(1),
            "s" => TimeSpan.FromSeconds(1),
            "m" => TimeSpan.FromMinutes(1),
            "h" => TimeSpan.FromHours(1),
            "d" => TimeSpan.FromDays(1),
            _ => null,
        };

    private static DateTimeOffset AtZone(DateTime time, TimeZoneInfo zone)
    {
        var plain = DateTime.SpecifyKind(time, DateTimeKind.Unspecified);

        // A time that a clock change skips means the moment of the change.
        var real = zone.IsInvalidTime(plain) ? plain.AddHours(1) : plain;
        return new DateTimeOffset(real, zone.GetUtcOffset(real));
    }
}
