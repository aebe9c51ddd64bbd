using Tspm.Cli.Rendering.Dressing;
using Tspm.Cli.Terminal;

namespace Tspm.Cli.Rendering;

/// <summary>How a <see cref="LogPrinter"/> writes.</summary>
internal sealed record LogPrinterOptions
{
    /// <summary>The layout.</summary>
    public LogFormat Format { get; init; } = LogFormat.Short;

    /// <summary>Writes the process's name before each line (short); ignored by the other layouts.</summary>
    public bool HasPrefix { get; init; }

    /// <summary>The time before each line (short).</summary>
    public TimestampStyle Timestamps { get; init; }

    /// <summary>Times in UTC instead of <see cref="Zone"/>.</summary>
    public bool IsUtc { get; init; }

    /// <summary>The local time zone.</summary>
    public TimeZoneInfo Zone { get; init; } = TimeZoneInfo.Utc;

    /// <summary>Whether colour is used; then colours of the programs pass too.</summary>
    public bool HasColor { get; init; }

    /// <summary>How many colours there are for prefixes.</summary>
    public ColorDepth Depth { get; init; }

    /// <summary>Whether stdout is a terminal: long names are cut there.</summary>
    public bool IsTerminal { get; init; }

    /// <summary>False with --no-sanitize: the programs' bytes pass as they are.</summary>
    public bool IsSanitized { get; init; } = true;

    /// <summary>Whether life-cycle entries are shown.</summary>
    public bool ShowsEvents { get; init; } = true;

    /// <summary>1: no informational rows; 2: no gap rows either.</summary>
    public int QuietLevel { get; init; }

    /// <summary>What a program wrote to stderr goes to stderr (raw and cat).</summary>
    public bool SplitsStreams { get; init; }

    /// <summary>What is done to whole lines for the eye (short and full).</summary>
    public LineDress Dress { get; init; } = new();

    /// <summary>What may pass of a program's text.</summary>
    internal TextMode TextMode =>
        !IsSanitized || Format is LogFormat.Raw or LogFormat.Cat ? TextMode.Raw
        : HasColor ? TextMode.Terminal
        : TextMode.Strip;

    /// <summary>Whether lines are dressed.</summary>
    internal bool IsDressed => Format is LogFormat.Short or LogFormat.Full && Dress.IsOn;

    /// <summary>Whether the layout is JSON.</summary>
    internal bool IsJson => Format is LogFormat.Json or LogFormat.JsonSeq;

    /// <summary>Whether rows of tspm itself go to stderr, so that stdout holds the programs' bytes alone.</summary>
    internal bool SendsRowsToErrors => Format is LogFormat.Raw or LogFormat.Cat;
}
