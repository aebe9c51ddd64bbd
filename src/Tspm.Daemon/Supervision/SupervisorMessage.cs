using Tspm.CaptureLog;
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
}

/// <summary>The keeper saw something of this process.</summary>
/// <param name="Record">What.</param>
internal sealed record JournalMessage(JournalRecord Record) : SupervisorMessage;

/// <summary>Nobody knows how the run that is under way has ended.</summary>
internal sealed record LostMessage : SupervisorMessage;

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
