using Tspm.Protocol.Messages;

namespace Tspm.Cli.FullScreen.Model;

/// <summary>Something that the model wants done.</summary>
internal abstract record UiEffect;

/// <summary>A page is wanted.</summary>
/// <param name="Generation">To be told with the answer.</param>
/// <param name="Kind">Where it belongs.</param>
/// <param name="Log">Of which log.</param>
/// <param name="From">First seq; null with a tail.</param>
/// <param name="To">Last seq; null for the head.</param>
/// <param name="Count">Entries at the most.</param>
/// <param name="Selection">Which entries.</param>
internal sealed record FetchPage(
    int Generation,
    FetchKind Kind,
    LogPlace Log,
    long? From,
    long? To,
    int Count,
    LogSelection Selection
) : UiEffect;

/// <summary>All shown logs are wanted around a place.</summary>
/// <param name="Generation">To be told with the answer.</param>
/// <param name="Logs">The shown logs.</param>
/// <param name="Target">The place; the oldest entry if its seq is 0.</param>
/// <param name="Wall">Its time, for the other logs.</param>
/// <param name="Selection">Which entries.</param>
internal sealed record FetchPlace(
    int Generation,
    IReadOnlyList<LogPlace> Logs,
    LineKey Target,
    long Wall,
    LogSelection Selection
) : UiEffect;

/// <summary>The next entry of a kind is wanted.</summary>
/// <param name="Generation">To be told with the answer.</param>
/// <param name="Places">Each log with the seq to begin beside.</param>
/// <param name="Kind">What is looked for.</param>
/// <param name="IsForward">Towards the newest.</param>
/// <param name="Selection">Which entries.</param>
/// <param name="Ord">Where the search begins among all logs; decides which of several is the nearest.</param>
internal sealed record Search(
    int Generation,
    IReadOnlyList<(LogPlace Log, long Seq, uint Run)> Places,
    SearchKind Kind,
    bool IsForward,
    LogSelection Selection,
    ulong Ord
) : UiEffect;

/// <summary>A process is to be started, stopped and so on.</summary>
/// <param name="Verb"><c>start</c>, <c>stop</c>, <c>restart</c>, <c>reload</c> or <c>kill</c>.</param>
/// <param name="Id">Which.</param>
/// <param name="Name">What it is called.</param>
internal sealed record Act(string Verb, uint Id, string Name) : UiEffect;

/// <summary>Text is to be put where the terminal pastes from.</summary>
internal sealed record Copy(string Text) : UiEffect;

/// <summary>A command is to be run on the ordinary screen.</summary>
/// <param name="Line">A line for the shell, or the words after <c>tspm</c>.</param>
/// <param name="Input">What it reads; null for the terminal.</param>
/// <param name="IsOwn">It is a command of tspm.</param>
internal sealed record RunOutside(string Line, string? Input, bool IsOwn) : UiEffect;

/// <summary>The view ends.</summary>
/// <param name="IsInterrupt">By Ctrl+C.</param>
internal sealed record Quit(bool IsInterrupt) : UiEffect;

/// <summary>The next picture is painted whole.</summary>
internal sealed record Repaint : UiEffect;

/// <summary>The view is put aside (Ctrl+Z).</summary>
internal sealed record Suspend : UiEffect;

/// <summary>Names a log.</summary>
/// <param name="Id">The process.</param>
/// <param name="LogId">The log.</param>
internal readonly record struct LogPlace(uint Id, string LogId);

/// <summary>Where a page belongs.</summary>
internal enum FetchKind
{
    /// <summary>The newest entries; instead of what is there.</summary>
    Tail,

    /// <summary>After what is there.</summary>
    Newer,

    /// <summary>Before what is there.</summary>
    Older,
}

/// <summary>What is looked for.</summary>
internal enum SearchKind
{
    /// <summary>A line that matches.</summary>
    Text,

    /// <summary>A line that tells of a failure.</summary>
    Error,

    /// <summary>A gap, or a start or end of a run.</summary>
    Marker,

    /// <summary>The beginning of a run.</summary>
    Run,
}
