using Tspm.CaptureLog;
using Tspm.Daemon.Keeper;
using Tspm.Daemon.Supervision.Life;
using Tspm.Protocol.Messages;

namespace Tspm.Daemon.Supervision;

/// <summary>What a supervisor's mailbox takes.</summary>
internal abstract record SupervisorMessage;

/// <summary>Somebody wants something done.</summary>
/// <param name="Verb">What.</param>
/// <param name="Done">Gets what became of it.</param>
internal sealed record CommandMessage(CommandVerb Verb, TaskCompletionSource<ActionResult> Done)
    : SupervisorMessage
{
    /// <summary>Signal (stop, signal); 0 means the process's own.</summary>
    public int Signal { get; init; }

    /// <summary>Grace, ms (stop); −1 means the process's own.</summary>
    public int TimeoutMs { get; init; } = -1;

    /// <summary>To the whole group (signal).</summary>
    public bool ToGroup { get; init; }

    /// <summary>To the group and all descendants (signal).</summary>
    public bool ToTree { get; init; }

    /// <summary>Who wants it.</summary>
    public string? By { get; init; }

    /// <summary>Not if somebody has stopped it: a file or the clock wants it, no person.</summary>
    public bool OnlyIfWanted { get; init; }
}

/// <summary>The commands of a process.</summary>
internal enum CommandVerb
{
    /// <summary>Start it if it does not run.</summary>
    Start,

    /// <summary>Stop it.</summary>
    Stop,

    /// <summary>Stop it if it runs, then start it.</summary>
    Restart,

    /// <summary>Send a signal.</summary>
    Signal,

    /// <summary>Forget its failures.</summary>
    Reset,

    /// <summary>Start the new run, then stop the old one.</summary>
    Reload,
}

/// <summary>What became of a spawn.</summary>
/// <param name="Run">Which run.</param>
/// <param name="Outcome">What the keeper said; null if it said nothing.</param>
/// <param name="Fault">Why it said nothing.</param>
internal sealed record SpawnMessage(uint Run, SpawnOutcome? Outcome, string? Fault)
    : SupervisorMessage;

/// <summary>What became of <c>__exec</c>.</summary>
/// <param name="Run">Which run.</param>
/// <param name="Failure">Why it is not its program; null if it is.</param>
internal sealed record ExecMessage(uint Run, ExecFailure? Failure) : SupervisorMessage;

/// <summary>A check of a run saw something.</summary>
/// <param name="Run">Which run; what comes late from another is let go.</param>
/// <param name="Event">What.</param>
internal sealed record CheckMessage(uint Run, LifeEvent Event) : SupervisorMessage;

/// <summary>A check of a run has something for its log.</summary>
/// <param name="Run">Which run.</param>
/// <param name="What">One of <see cref="LogEvents"/>.</param>
/// <param name="Text">What there is to say.</param>
internal sealed record NoteMessage(uint Run, string What, string Text) : SupervisorMessage;

/// <summary>A run that another one has taken the place of is over, and its end is in the log.</summary>
/// <param name="Run">Which run.</param>
internal sealed record ClosedMessage(uint Run) : SupervisorMessage;

/// <summary>Another process changed its state.</summary>
internal sealed record OthersMessage : SupervisorMessage;

/// <summary>The record is to be changed; only by this loop, so that no change is lost.</summary>
/// <param name="Change">From the old one to the new one.</param>
/// <param name="Text">What there is to say about it.</param>
/// <param name="IsLater">It holds from the next start on.</param>
/// <param name="Done">Gets what became of it.</param>
internal sealed record EditMessage(
    Func<ProcessRecord, ProcessRecord> Change,
    string Text,
    bool IsLater,
    TaskCompletionSource<ActionResult> Done
) : SupervisorMessage;

/// <summary>The record is to remember something that is no setting; it is saved, not told.</summary>
/// <param name="Change">From the old one to the new one.</param>
internal sealed record MarkMessage(Func<ProcessRecord, ProcessRecord> Change) : SupervisorMessage;

/// <summary>The keeper saw something of this process.</summary>
/// <param name="Record">What.</param>
internal sealed record JournalMessage(JournalRecord Record) : SupervisorMessage;

/// <summary>The run that is under way is over, and nothing more of it will be told.</summary>
/// <param name="GoesOn">The same boot goes on: where it is known how it ended, its policy holds.</param>
internal sealed record LostMessage(bool GoesOn) : SupervisorMessage;

/// <summary>A new keeper does not know a run, and the journal does not tell of its end.</summary>
/// <param name="Run">The run.</param>
/// <param name="Keeper">The pid of that keeper.</param>
internal sealed record UnknownRunMessage(uint Run, int Keeper) : SupervisorMessage;

/// <summary>The daemon before died while this process waited for its next try: the policy decides again.</summary>
internal sealed record ResumeMessage : SupervisorMessage;

/// <summary>A timer that is still wanted if its number is the newest.</summary>
/// <param name="Number">The number.</param>
/// <param name="Kind">What it was for.</param>
internal sealed record TimerMessage(long Number, TimerKind Kind) : SupervisorMessage;

/// <summary>What a timer is for.</summary>
internal enum TimerKind
{
    /// <summary>The next try of a process in back-off.</summary>
    Retry,

    /// <summary>The grace of a stop is over.</summary>
    Grace,

    /// <summary>Output of an ended run is not waited for any longer.</summary>
    Drain,

    /// <summary>Look again whether the descendants have gone.</summary>
    Descendants,

    /// <summary>A temporary process has ended and nobody deleted it.</summary>
    Forget,
}
