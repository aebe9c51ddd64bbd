using System.Collections.Immutable;
using Tspm.Cli.Rendering;
using Tspm.Protocol.Messages;

namespace Tspm.Cli.FullScreen.Model;

/// <summary>All that the full-screen view is; never changed, each event makes another one.</summary>
internal sealed record UiState
{
    /// <summary>How the terminal, the user and the settings want it.</summary>
    public required UiLook Look { get; init; }

    /// <summary>Cells in a row.</summary>
    public int Width { get; init; } = 80;

    /// <summary>Rows.</summary>
    public int Height { get; init; } = 24;

    /// <summary>The list, by id.</summary>
    public ImmutableArray<ProcessRow> Processes { get; init; } = [];

    /// <summary>Whether the list has been heard of at all.</summary>
    public bool HasList { get; init; }

    /// <summary>The chosen process; 0 for none.</summary>
    public uint Selected { get; init; }

    /// <summary>True if the log has the keys, false if the list has.</summary>
    public bool IsLogFocused { get; init; }

    /// <summary>The logs of the merged view; empty: that of the chosen process.</summary>
    public ImmutableSortedSet<uint> Merged { get; init; } = [];

    /// <summary>What is in memory of the shown logs.</summary>
    public ImmutableSortedDictionary<uint, LogSlice> Slices { get; init; } =
        ImmutableSortedDictionary<uint, LogSlice>.Empty;

    /// <summary>The lines that can be shown, of all shown logs.</summary>
    public IReadOnlyList<LogLine> Rows { get; init; } = [];

    /// <summary>True if the newest lines are shown.</summary>
    public bool Follows { get; init; } = true;

    /// <summary>The line that the view is pinned to, if it does not follow.</summary>
    public LineKey Cursor { get; init; }

    /// <summary>The row of the pane that this line stands in.</summary>
    public int CursorRow { get; init; }

    /// <summary>The sum of the shown logs' newest seqs when it stopped following.</summary>
    public long PausedAt { get; init; }

    /// <summary>Cells that the text is shifted to the left.</summary>
    public int Shift { get; init; }

    /// <summary>Which entries are shown.</summary>
    public LogSelection Selection { get; init; } = new();

    /// <summary>What is looked for; empty for nothing.</summary>
    public string SearchText { get; init; } = "";

    /// <summary>Marked lines, in the order of marking.</summary>
    public ImmutableArray<LineMark> Marks { get; init; } = [];

    /// <summary>How times are shown.</summary>
    public TimestampStyle Times { get; init; } = TimestampStyle.Time;

    /// <summary>Whether long lines go on in the next row.</summary>
    public bool Wraps { get; init; }

    /// <summary>Whether stack traces are folded.</summary>
    public bool Folds { get; init; }

    /// <summary>Whether the programs' colours are shown.</summary>
    public bool HasChildColors { get; init; } = true;

    /// <summary>What is being typed; null for nothing.</summary>
    public UiPrompt? Prompt { get; init; }

    /// <summary>Whether help is shown, and from which row on; −1 if it is not.</summary>
    public int HelpRow { get; init; } = -1;

    /// <summary>The last thing that was told.</summary>
    public string Message { get; init; } = "";

    /// <summary>Whether it was of a failure.</summary>
    public bool IsMessageError { get; init; }

    /// <summary>Whether there is a connection.</summary>
    public bool IsConnected { get; init; } = true;

    /// <summary>What the daemon told about itself.</summary>
    public StatusReply? Daemon { get; init; }

    /// <summary>The machine's load in percent, the newest last.</summary>
    public ImmutableArray<double> HostCpu { get; init; } = [];

    /// <summary>The machine's memory in use; 0 if it is not known.</summary>
    public long HostMemory { get; init; }

    /// <summary>Counts what makes pages that are on their way useless.</summary>
    public int Generation { get; init; }

    /// <summary>Logs that a page is on its way for.</summary>
    public ImmutableHashSet<uint> InFlight { get; init; } = [];

    /// <summary>Those among them whose page did not come; asked for again after the next list.</summary>
    public ImmutableHashSet<uint> Failed { get; init; } = [];

    /// <summary>True while a place or a search is on its way.</summary>
    public bool IsSeeking { get; init; }

    /// <summary>The chosen process.</summary>
    public ProcessRow? Current => Processes.FirstOrDefault(row => row.View.Id == Selected);

    /// <summary>The processes whose logs are shown.</summary>
    public IReadOnlyList<ProcessRow> Shown =>
        Merged.IsEmpty
            ? [.. Processes.Where(row => row.View.Id == Selected)]
            : [.. Processes.Where(row => Merged.Contains(row.View.Id))];
}

/// <summary>What does not change while the view is there.</summary>
internal sealed record UiLook
{
    /// <summary>Whether changing keys are hidden.</summary>
    public bool IsReadOnly { get; init; }

    /// <summary>Whether <c>y</c> may write to the clipboard.</summary>
    public bool HasClipboard { get; init; }

    /// <summary>Whether the terminal shows more than ASCII.</summary>
    public bool HasUnicode { get; init; } = true;

    /// <summary>The zone of the times.</summary>
    public TimeZoneInfo Zone { get; init; } = TimeZoneInfo.Utc;

    /// <summary>The commands that the palette offers.</summary>
    public IReadOnlyList<PaletteEntry> Commands { get; init; } = [];
}

/// <summary>A command in the palette.</summary>
/// <param name="Name">As it is called.</param>
/// <param name="Arguments">What comes after it.</param>
/// <param name="Help">One line.</param>
internal sealed record PaletteEntry(string Name, string Arguments, string Help);

/// <summary>A line that somebody marked.</summary>
/// <param name="Key">The line.</param>
/// <param name="Wall">Its time.</param>
internal sealed record LineMark(LineKey Key, long Wall);

/// <summary>What is being typed.</summary>
/// <param name="Kind">What for.</param>
/// <param name="Text">So far.</param>
/// <param name="Pick">Which of the offers.</param>
internal sealed record UiPrompt(PromptKind Kind, string Text = "", int Pick = 0);

/// <summary>What something is typed for.</summary>
internal enum PromptKind
{
    /// <summary>Look for it.</summary>
    Search,

    /// <summary>Show lines with it only.</summary>
    Filter,

    /// <summary>Show lines without it only.</summary>
    Exclude,

    /// <summary>Run a command of tspm.</summary>
    Palette,

    /// <summary>Give the visible lines to a command.</summary>
    Pipe,

    /// <summary>Whether the process is to be killed.</summary>
    Kill,
}
