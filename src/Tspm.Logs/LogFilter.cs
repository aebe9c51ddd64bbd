using Tspm.CaptureLog;

namespace Tspm.Logs;

/// <summary>Which entries a reader wants; the others are covered, never missing.</summary>
/// <param name="Out">Standard output.</param>
/// <param name="Err">Standard error.</param>
/// <param name="Events">Life-cycle entries.</param>
public readonly record struct LogFilter(bool Out, bool Err, bool Events)
{
    /// <summary>Everything.</summary>
    public static LogFilter All => new(true, true, true);

    /// <summary>The first run wanted.</summary>
    public uint FirstRun { get; init; }

    /// <summary>The last run wanted.</summary>
    public uint LastRun { get; init; } = uint.MaxValue;

    /// <summary>Which lines are wanted; null means all. Events are not lines.</summary>
    public LinePattern? Lines { get; init; }

    /// <summary>Lines that come with each wanted line before it, of those that are wanted but for <see cref="Lines"/>.</summary>
    public int ContextBefore { get; init; }

    /// <summary>Lines that come with each wanted line after it.</summary>
    public int ContextAfter { get; init; }

    /// <summary>Entries up to this seq have no context after it.</summary>
    public long Origin { get; init; }

    /// <summary>Lines that may still become context are left for the next read.</summary>
    public bool IsLive { get; init; }

    /// <summary>Whether lines come with others.</summary>
    public bool HasContext => Lines is not null && (ContextBefore > 0 || ContextAfter > 0);

    /// <summary>Whether entries of a span can be wanted, before their bytes are looked at.</summary>
    public bool Matches(in LogSpan span) =>
        span.Stream switch
        {
            StreamKind.Out => Out,
            StreamKind.Err => Err,
            _ => Events,
        }
        && span.Run >= FirstRun
        && span.Run <= LastRun;

    /// <summary>Whether the bytes of a span decide which of its entries are wanted.</summary>
    public bool LooksInto(in LogSpan span) => Lines is not null && span.Stream != StreamKind.Event;
}
