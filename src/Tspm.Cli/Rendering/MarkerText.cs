using System.Globalization;
using Tspm.Protocol.Batches;

namespace Tspm.Cli.Rendering;

/// <summary>The words of the rows that tspm itself puts between the entries; without the dashes of <see cref="Row"/>.</summary>
internal static class MarkerText
{
    /// <summary>The connection broke; said once, not for each attempt.</summary>
    public const string ConnectionLost = "connection to the tspm daemon lost, retrying";

    /// <summary>As a line of its own: <c>-- text --</c>.</summary>
    public static string Row(string text) => $"-- {text} --";

    /// <summary>Entries that this reader did not get.</summary>
    public static string Gap(string name, long from, long to, GapReason reason) =>
        $"{Clean(name)}: {Entries(from, to)} missing ({Range(from, to)}): {Words(reason)}";

    /// <summary>Entries that were missing for a moment and were read from disk.</summary>
    public static string Filled(string name, long from, long to) =>
        $"{Clean(name)}: filled {Entries(from, to)} from disk ({Range(from, to)})";

    /// <summary>The reader falls behind again and again.</summary>
    public static string FillPaused(string name) =>
        $"{Clean(name)}: this reader falls behind; for a minute what it misses is told, not fetched";

    /// <summary>The connection stands again.</summary>
    public static string Reconnected(ReconnectKind kind) =>
        kind switch
        {
            ReconnectKind.CleanRestart =>
                "reconnected to a new daemon (clean restart), nothing missed",
            ReconnectKind.DaemonDied =>
                "reconnected to a new daemon (previous one died), nothing missed",
            ReconnectKind.WithGaps => "reconnected, some entries are missing (told below)",
            _ => "reconnected, nothing missed",
        };

    /// <summary>Another run begins here, and its start is not among what is shown.</summary>
    public static string RunChanged(string name, uint from, uint to) =>
        to - from > 1
            ? string.Create(
                CultureInfo.InvariantCulture,
                $"{Clean(name)}: run {from} → {to} ({to - from - 1} between them not seen)"
            )
            : string.Create(CultureInfo.InvariantCulture, $"{Clean(name)}: run {from} → {to}");

    /// <summary>The log lost its newest entries, which had been shown.</summary>
    /// <param name="name">Process.</param>
    /// <param name="lastSeq">The last seq that is left of the old epoch.</param>
    public static string Truncated(string name, long lastSeq) =>
        $"{Clean(name)}: entries after seq {lastSeq} were shown here but are not in the log any more; numbering goes on from there";

    /// <summary>The process has another log now.</summary>
    public static string Recreated(string name) =>
        $"{Clean(name)} was deleted and created again; this is a new log";

    /// <summary>The process is gone, its log too.</summary>
    public static string Ended(string name, string reason) =>
        $"{Clean(name)}: end of log ({Clean(reason)})";

    /// <summary>Nobody read the pipes for a while.</summary>
    /// <param name="name">Process.</param>
    /// <param name="from">Time of day.</param>
    /// <param name="to">Time of day.</param>
    /// <param name="maxBytes">Bound of what may be missing.</param>
    public static string Uncaptured(string name, string from, string to, long maxBytes) =>
        $"{Clean(name)}: daemon and keeper had both died; output between {from} and {to} may be missing, at most {ByteSizes.FormatLong(maxBytes)}";

    /// <summary>The wall clock was set.</summary>
    /// <param name="change">Forward if positive.</param>
    public static string ClockStep(TimeSpan change) =>
        string.Create(
            CultureInfo.InvariantCulture,
            $"clock moved {(change < TimeSpan.Zero ? "back" : "forward")} {Math.Abs(change.TotalSeconds):0.0}s here"
        );

    /// <summary>Where the next reader can go on.</summary>
    public static string Cursor(string cursor) => $"cursor: {Clean(cursor)}";

    private static string Entries(long from, long to)
    {
        var count = to - from + 1;
        return string.Create(
            CultureInfo.InvariantCulture,
            $"{count:#,0} {(count == 1 ? "entry" : "entries")}"
        );
    }

    private static string Range(long from, long to) =>
        from == to ? $"seq {from}" : $"seq {from}..{to}";

    private static string Words(GapReason reason) =>
        reason switch
        {
            GapReason.Slow => "reader too slow, not read from disk",
            GapReason.Dropped => "written faster than it could be kept",
            GapReason.Expired => "older than what is kept",
            GapReason.Flushed => "the log was flushed",
            GapReason.NotStored => "the disk refused them",
            GapReason.Corrupt => "damaged on disk",
            GapReason.Truncated => "lost before they were safely on disk",
            GapReason.Skipped => "skipped by this reader",
            GapReason.Unauthorised => "not for this reader",
            _ => "reason not known",
        };

    private static string Clean(string text) => TerminalSanitizer.Clean(text);
}

/// <summary>How a lost connection came back.</summary>
internal enum ReconnectKind
{
    /// <summary>The same daemon, nothing missed.</summary>
    SameDaemon,

    /// <summary>Another daemon that took over cleanly.</summary>
    CleanRestart,

    /// <summary>Another daemon, after a crash.</summary>
    DaemonDied,

    /// <summary>Something is missing; gap rows follow.</summary>
    WithGaps,
}
