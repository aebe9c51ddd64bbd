namespace Tspm.Daemon.Supervision.Life;

/// <summary>What the driver is to do, in order.</summary>
internal abstract record LifeAction;

/// <summary>Answer the command that is being handled.</summary>
/// <param name="Error">Null if it worked.</param>
/// <param name="Message">What became of it.</param>
internal sealed record Answer(string? Error, string Message) : LifeAction;

/// <summary>The command that is being handled waits for the end of the run.</summary>
internal sealed record KeepForStop : LifeAction;

/// <summary>The command that is being handled waits for the start of a run.</summary>
internal sealed record KeepForStart : LifeAction;

/// <summary>Answer those that wait for the end.</summary>
/// <param name="Error">Null if it worked.</param>
/// <param name="Message">What became of it.</param>
internal sealed record AnswerStops(string? Error, string Message) : LifeAction;

/// <summary>Answer those that wait for a start.</summary>
/// <param name="Error">Null if it worked.</param>
/// <param name="Message">What became of it.</param>
internal sealed record AnswerStarts(string? Error, string Message) : LifeAction;

/// <summary>The command that is being handled waits for the new run to be ready.</summary>
internal sealed record KeepForReload : LifeAction;

/// <summary>Answer those that wait for that.</summary>
/// <param name="Error">Null if it worked.</param>
/// <param name="Message">What became of it.</param>
internal sealed record AnswerReload(string? Error, string Message) : LifeAction;

/// <summary>Begin a run beside the living one.</summary>
internal sealed record BeginSuccessor : LifeAction;

/// <summary>End that run; the old one stays.</summary>
internal sealed record DropSuccessor : LifeAction;

/// <summary>That run is the run from now on; the old one is ended.</summary>
internal sealed record SwapRuns : LifeAction;

/// <summary>Look whether others are so far, and keep looking.</summary>
internal sealed record AwaitOthers : LifeAction;

/// <summary>Look no longer.</summary>
internal sealed record LeaveOthers : LifeAction;

/// <summary>Begin a run.</summary>
internal sealed record Spawn : LifeAction;

/// <summary>The run could not begin: tell it, with what follows.</summary>
/// <param name="Reason">Why.</param>
/// <param name="Next">What follows; null if nothing does.</param>
internal sealed record CloseSpawn(string Reason, RestartDecision? Next) : LifeAction;

/// <summary>Ask the program to end.</summary>
/// <param name="Order">How.</param>
internal sealed record BeginStop(StopOrder Order) : LifeAction;

/// <summary>Send the next signal of the list.</summary>
/// <param name="Index">Which, from 0.</param>
internal sealed record SendNext(int Index) : LifeAction;

/// <summary>Send SIGKILL.</summary>
internal sealed record Kill : LifeAction;

/// <summary>The one timer: what was set before is off.</summary>
/// <param name="Kind">What for.</param>
/// <param name="After">When.</param>
internal sealed record SetTimer(TimerKind Kind, TimeSpan After) : LifeAction;

/// <summary>No timer any more.</summary>
internal sealed record ClearTimer : LifeAction;

/// <summary>Leave the output that is still open to whoever holds it.</summary>
internal sealed record CutOutput : LifeAction;

/// <summary>Write the end of the run into the log.</summary>
/// <param name="StartsAfter">Somebody asked for another run.</param>
internal sealed record CloseRun(bool StartsAfter) : LifeAction;

/// <summary>Look what is left of the run, and end it.</summary>
internal sealed record LookAtTree : LifeAction;

/// <summary>There is no run any more.</summary>
internal sealed record DropRun : LifeAction;

/// <summary>Begin with the checks of the run.</summary>
internal sealed record BeginChecks : LifeAction;

/// <summary>End them.</summary>
internal sealed record EndChecks : LifeAction;

/// <summary>Write a life-cycle entry.</summary>
/// <param name="What">One of <see cref="Protocol.Messages.LogEvents"/>.</param>
/// <param name="Message">What there is to say.</param>
/// <param name="By">Who wants it.</param>
internal sealed record Tell(string What, string? Message = null, string? By = null) : LifeAction;

/// <summary>Have the list saved.</summary>
internal sealed record Save : LifeAction;

/// <summary>Delete the process.</summary>
internal sealed record Forget : LifeAction;
