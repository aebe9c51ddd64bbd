namespace Tspm.Cli.FullScreen.Model;

/// <summary>All keys: one table for what they do, for the line of hints and for help.</summary>
internal static class KeyMap
{
    private const string Moving = "moving";
    private const string Seeing = "what is shown";
    private const string Finding = "finding";
    private const string Doing = "the chosen process";
    private const string Other = "other";

    /// <summary>The keys, in the order of help.</summary>
    public static IReadOnlyList<KeyBinding> Bindings { get; } =
    [
        new(["Up", "k"], UiAction.Up, Moving, "up; in the log it stops following"),
        new(["Down", "j"], UiAction.Down, Moving, "down"),
        new(["PgUp", "Ctrl+B"], UiAction.PageUp, Moving, "a page up"),
        new(["PgDn", "Ctrl+F"], UiAction.PageDown, Moving, "a page down"),
        new(["Ctrl+U"], UiAction.HalfUp, Moving, "half a page up"),
        new(["Ctrl+D"], UiAction.HalfDown, Moving, "half a page down"),
        new(["g", "Home"], UiAction.First, Moving, "the oldest entry that is kept"),
        new(["G", "End"], UiAction.Last, Moving, "the newest entry; the log follows again"),
        new(["Left"], UiAction.Left, Moving, "to the left of long lines"),
        new(["Right"], UiAction.Right, Moving, "to the right of long lines"),
        new(["Enter"], UiAction.Enter, Moving, "the log of the chosen process") { Hint = "logs" },
        new(["Tab", "Shift+Tab"], UiAction.Switch, Moving, "the other pane") { Hint = "pane" },
        new(["Esc"], UiAction.Back, Moving, "back to the list"),
        new(["Space"], UiAction.Pause, Seeing, "pause, follow") { Hint = "pause" },
        new(["F"], UiAction.Follow, Seeing, "follow, from anywhere"),
        new(["o"], UiAction.Streams, Seeing, "stdout, stderr, both"),
        new(["t"], UiAction.Times, Seeing, "another form of times"),
        new(["w"], UiAction.Wrap, Seeing, "long lines in several rows"),
        new(["z"], UiAction.Fold, Seeing, "stack traces folded, or whole"),
        new(["c"], UiAction.Colors, Seeing, "the programs' own colours"),
        new(
            ["1", "2", "3", "4", "5", "6", "7", "8", "9"],
            UiAction.Toggle,
            Seeing,
            "that row of the list in the merged view, or not"
        ),
        new(["a"], UiAction.All, Seeing, "all logs merged, or the chosen one"),
        new(["/"], UiAction.Search, Finding, "search all that is kept; n and N go on")
        {
            Hint = "search",
        },
        new(["n"], UiAction.NextMatch, Finding, "the next match"),
        new(["N"], UiAction.PreviousMatch, Finding, "the match before"),
        new(["&"], UiAction.Filter, Finding, "only lines that match"),
        new(["!"], UiAction.Exclude, Finding, "no lines that match"),
        new(["\\"], UiAction.Clear, Finding, "search and filters off"),
        new(["e"], UiAction.NextError, Finding, "the next line that tells of a failure"),
        new(["E"], UiAction.PreviousError, Finding, "the one before"),
        new(["]"], UiAction.NextRun, Finding, "the next run"),
        new(["["], UiAction.PreviousRun, Finding, "the run before"),
        new(["}"], UiAction.NextMarker, Finding, "the next gap, start or end"),
        new(["{"], UiAction.PreviousMarker, Finding, "the one before"),
        new(["m"], UiAction.Mark, Finding, "mark this line, or not"),
        new(["'"], UiAction.ToMark, Finding, "the next mark"),
        new(["r"], UiAction.Restart, Doing, "restart") { IsChange = true, Hint = "restart" },
        new(["s"], UiAction.Start, Doing, "start") { IsChange = true },
        new(["S"], UiAction.Stop, Doing, "stop") { IsChange = true, Hint = "stop" },
        new(["R"], UiAction.Reload, Doing, "reload: the new run first") { IsChange = true },
        new(["x"], UiAction.Kill, Doing, "kill, after a question") { IsChange = true },
        new(["y"], UiAction.Copy, Other, "copy this line (with --clipboard)"),
        new(["|"], UiAction.Pipe, Other, "give the visible lines to a command") { IsChange = true },
        new([":"], UiAction.Palette, Other, "a command of tspm") { IsChange = true },
        new(["?", "h"], UiAction.Help, Other, "this help") { Hint = "help" },
        new(["Ctrl+L"], UiAction.Repaint, Other, "paint the screen anew"),
        new(["Ctrl+Z"], UiAction.Suspend, Other, "put aside; fg brings it back"),
        new(["q"], UiAction.Quit, Other, "end; the programs run on") { Hint = "quit" },
        new(["Ctrl+C"], UiAction.Interrupt, Other, "end at once"),
    ];

    /// <summary>What a key does; null for nothing.</summary>
    public static KeyBinding? Find(string key, bool isReadOnly) =>
        Bindings.FirstOrDefault(one =>
            one.Keys.Contains(key, StringComparer.Ordinal) && !(isReadOnly && one.IsChange)
        );
}

/// <summary>A key.</summary>
/// <param name="Keys">The key and others that do the same.</param>
/// <param name="Action">What it does.</param>
/// <param name="Group">Where it stands in help.</param>
/// <param name="Help">One line.</param>
internal sealed record KeyBinding(
    IReadOnlyList<string> Keys,
    UiAction Action,
    string Group,
    string Help
)
{
    /// <summary>Whether it changes something; then it is not there with --read-only.</summary>
    public bool IsChange { get; init; }

    /// <summary>A word for the line of hints; null if it does not stand there.</summary>
    public string? Hint { get; init; }
}

/// <summary>What keys do.</summary>
internal enum UiAction
{
    Up,
    Down,
    PageUp,
    PageDown,
    HalfUp,
    HalfDown,
    First,
    Last,
    Left,
    Right,
    Enter,
    Switch,
    Back,
    Pause,
    Follow,
    Streams,
    Times,
    Wrap,
    Fold,
    Colors,
    Toggle,
    All,
    Search,
    NextMatch,
    PreviousMatch,
    Filter,
    Exclude,
    Clear,
    NextError,
    PreviousError,
    NextRun,
    PreviousRun,
    NextMarker,
    PreviousMarker,
    Mark,
    ToMark,
    Restart,
    Start,
    Stop,
    Reload,
    Kill,
    Copy,
    Pipe,
    Palette,
    Help,
    Repaint,
    Suspend,
    Quit,
    Interrupt,
}
