using System.Globalization;

namespace Tspm.Cli.Rendering;

/// <summary>Writes the time of entries; no allocation.</summary>
internal sealed class TimestampWriter(TimestampStyle style, bool isUtc, TimeZoneInfo zone)
{
    /// <summary>The most bytes that one time takes.</summary>
    public const int MaxBytes = 48;

    private const int RelativeWidth = 10;

    private readonly TimeZoneInfo _zone = isUtc ? TimeZoneInfo.Utc : zone;
    private long _quarter = long.MinValue;
    private TimeSpan _offset;
    private long? _first;
    private long? _previous;

    /// <summary>Writes a time and a space; nothing if times are off.</summary>
    /// <param name="wall">In units of 100 ns since 1970 UTC.</param>
    /// <param name="room">At least <see cref="MaxBytes"/>.</param>
    /// <returns>Bytes written.</returns>
    public int Write(long wall, Span<byte> room)
    {
        if (style == TimestampStyle.Off)
        {
            return 0;
        }

        var since = style == TimestampStyle.Relative ? _first : _previous;
        _first ??= wall;
        _previous = wall;
        var length = style switch
        {
            TimestampStyle.Iso => WriteIso(wall, room),
            TimestampStyle.Time => WriteTime(wall, room),
            TimestampStyle.Unix => WriteUnix(wall, room),
            _ => WriteDifference(wall - (since ?? wall), room),
        };
        room[length] = (byte)' ';
        return length + 1;
    }

    /// <summary>Full precision in UTC, as JSON has it: <c>2026-01-31T14:05:06.1234567Z</c>.</summary>
    /// <returns>Bytes written, 28.</returns>
    public static int WriteExact(long wall, Span<byte> room)
    {
        _ = ToTime(wall).TryFormat(room, out var written, "O", CultureInfo.InvariantCulture);
        return written;
    }

    private static DateTime ToTime(long wall) =>
        new(
            Math.Clamp(
                wall,
                -DateTime.UnixEpoch.Ticks,
                DateTime.MaxValue.Ticks - DateTime.UnixEpoch.Ticks
            ) + DateTime.UnixEpoch.Ticks,
            DateTimeKind.Utc
        );

    private DateTime ToLocal(long wall)
    {
        var time = ToTime(wall);

        // Offsets change on quarters of an hour only.
        var quarter = time.Ticks / (15 * TimeSpan.TicksPerMinute);
        if (quarter != _quarter)
        {
            _quarter = quarter;
            _offset = _zone.GetUtcOffset(time);
        }

        var ticks = Math.Clamp(time.Ticks + _offset.Ticks, 0, DateTime.MaxValue.Ticks);
        return new DateTime(ticks, DateTimeKind.Unspecified);
    }

    private int WriteTime(long wall, Span<byte> room)
    {
        _ = ToLocal(wall)
            .TryFormat(room, out var written, "HH:mm:ss.fff", CultureInfo.InvariantCulture);
        return written;
    }

    private int WriteIso(long wall, Span<byte> room)
    {
        _ = ToLocal(wall)
            .TryFormat(
                room,
                out var written,
                "yyyy-MM-ddTHH:mm:ss.fff",
                CultureInfo.InvariantCulture
            );
        if (isUtc)
        {
            room[written] = (byte)'Z';
            return written + 1;
        }

        room[written] = (byte)(_offset < TimeSpan.Zero ? '-' : '+');
        var size = _offset.Duration();
        _ = size.TryFormat(room[(written + 1)..], out _, @"hh\:mm", CultureInfo.InvariantCulture);
        return written + 6;
    }

    private static int WriteUnix(long wall, Span<byte> room)
    {
        var length = 0;
        if (wall < 0)
        {
            room[length++] = (byte)'-';
        }

        return length + WriteSeconds((ulong)Math.Abs(wall), room[length..]);
    }

    private static int WriteDifference(long ticks, Span<byte> room)
    {
        Span<byte> text = stackalloc byte[32];
        text[0] = (byte)(ticks < 0 ? '-' : '+');
        var length = 1 + WriteSeconds((ulong)Math.Abs(ticks), text[1..]);
        text[length++] = (byte)'s';
        var padding = Math.Max(0, RelativeWidth - length);
        room[..padding].Fill((byte)' ');
        text[..length].CopyTo(room[padding..]);
        return padding + length;
    }

    private static int WriteSeconds(ulong ticks, Span<byte> room)
    {
        _ = (ticks / (ulong)TimeSpan.TicksPerSecond).TryFormat(room, out var length);
        room[length++] = (byte)'.';
        var milliseconds = ticks / (ulong)TimeSpan.TicksPerMillisecond % 1000;
        _ = milliseconds.TryFormat(
            room[length..],
            out var digits,
            "000",
            CultureInfo.InvariantCulture
        );
        return length + digits;
    }
}
