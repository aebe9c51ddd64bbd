namespace Tspm.Daemon.Supervision.Life;

/// <summary>What can happen to a process.</summary>
internal abstract record LifeEvent;

/// <summary>Somebody wants it to run.</summary>
internal sealed record StartAsked : LifeEvent;

/// <summary>Somebody wants it to end.</summary>
/// <param name="Order">How.</param>
internal sealed record StopAsked(StopOrder Order) : LifeEvent;

/// <summary>Somebody wants a new run.</summary>
/// <param name="Order">How the old one is stopped.</param>
internal sealed record RestartAsked(StopOrder Order) : LifeEvent;

/// <summary>Somebody wants its failures forgotten.</summary>
internal sealed record ResetAsked : LifeEvent;

/// <summary>Somebody wants a new run that serves before the old one ends.</summary>
internal sealed record ReloadAsked : LifeEvent;

/// <summary>The run that is to take the place of the living one is ready.</summary>
internal sealed record SuccessorReady : LifeEvent;

/// <summary>That run will not be ready.</summary>
/// <param name="Reason">Why.</param>
internal sealed record SuccessorFailed(string Reason) : LifeEvent;

/// <summary>What it waits for is not so yet.</summary>
/// <param name="For">What.</param>
internal sealed record WaitBegan(string For) : LifeEvent;

/// <summary>What it waited for is so.</summary>
internal sealed record WaitOver : LifeEvent;

/// <summary>What it waits for will not be so.</summary>
/// <param name="Reason">Why.</param>
internal sealed record WaitFailed(string Reason) : LifeEvent;

/// <summary>The program lives.</summary>
internal sealed record RunStarted : LifeEvent;

/// <summary>The program could not be started.</summary>
/// <param name="Reason">Why, in words.</param>
/// <param name="At">When.</param>
internal sealed record SpawnRefused(string Reason, Moment At) : LifeEvent;

/// <summary>The leader was reaped.</summary>
/// <param name="Outcome">How it ended.</param>
/// <param name="Uptime">How long it lived.</param>
/// <param name="At">When.</param>
internal sealed record RunEnded(RunOutcome Outcome, TimeSpan Uptime, Moment At) : LifeEvent;

/// <summary>All output of the ended run is in the log.</summary>
internal sealed record OutputEnded : LifeEvent;

/// <summary>A timer that was still wanted.</summary>
/// <param name="Kind">What it was for.</param>
internal sealed record TimeUp(TimerKind Kind) : LifeEvent;

/// <summary>Somebody looked at what is left of a stopped run.</summary>
/// <param name="Left">Those that cannot be ended, in words; null if all are gone.</param>
/// <param name="IsDone">False if some are being ended still.</param>
internal sealed record TreeSeen(bool IsDone, string? Left) : LifeEvent;

/// <summary>The readiness check has passed.</summary>
internal sealed record ReadyReached : LifeEvent;

/// <summary>The health check fails.</summary>
/// <param name="Reason">What it saw.</param>
internal sealed record HealthLost(string Reason) : LifeEvent;

/// <summary>The health check passes again.</summary>
internal sealed record HealthFound : LifeEvent;

/// <summary>The tree of the living run uses more than it may.</summary>
/// <param name="Reason">What was seen.</param>
internal sealed record LimitPassed(string Reason) : LifeEvent;

/// <summary>Nobody knows how the run under way has ended.</summary>
internal sealed record RunLost : LifeEvent;

/// <summary>The daemon before died before its policy could act on the last run.</summary>
/// <param name="Outcome">How that run ended.</param>
/// <param name="Uptime">How long it was.</param>
/// <param name="At">When.</param>
internal sealed record Resumed(RunOutcome Outcome, TimeSpan Uptime, Moment At) : LifeEvent;
