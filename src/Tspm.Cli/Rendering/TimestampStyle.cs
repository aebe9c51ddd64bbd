namespace Tspm.Cli.Rendering;

/// <summary>How the time of an entry is written before it.</summary>
internal enum TimestampStyle
{
    /// <summary>Not at all.</summary>
    Off,

    /// <summary><c>2026-01-31T14:05:06.123+01:00</c>, with <c>Z</c> in UTC.</summary>
    Iso,

    /// <summary><c>14:05:06.123</c>.</summary>
    Time,

    /// <summary>Since the first entry printed, <c>+3.120s</c>.</summary>
    Relative,

    /// <summary>Since the entry printed before, <c>+0.007s</c>.</summary>
    Delta,

    /// <summary>Seconds since 1970 UTC, <c>1769868306.123</c>.</summary>
    Unix,
}
