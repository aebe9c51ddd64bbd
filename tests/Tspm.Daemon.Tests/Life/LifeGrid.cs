using Tspm.Daemon.Supervision;
using Tspm.Daemon.Supervision.Life;
using Tspm.Protocol.Messages;

namespace Tspm.Daemon.Tests.Life;

/// <summary>States and events to ask the table about, under short names.</summary>
internal static class LifeGrid
{
    public static readonly Moment Now = new(10_000, 0.5);

    public static readonly LifeTimes Times = new(
        TimeSpan.FromSeconds(2),
        TimeSpan.FromMilliseconds(100),
        TimeSpan.FromSeconds(30)
    );

    public static LifeRules Rules { get; } =
        new(
            new RestartSpec { Policy = RestartPolicies.OnFailure, Jitter = 0 },
            new StopSpec(),
            HasDependencies: false,
            HealthRestarts: false,
            IsTemporary: false,
            Times
        );

    /// <summary>One event of each kind.</summary>
    public static IReadOnlyDictionary<string, LifeEvent> Events { get; } =
        new Dictionary<string, LifeEvent>
        {
            ["start"] = new StartAsked(),
            ["stop"] = new StopAsked(new StopOrder()),
            ["restart"] = new RestartAsked(new StopOrder()),
            ["reset"] = new ResetAsked(),
            ["reload"] = new ReloadAsked(),
            ["next"] = new SuccessorReady(),
            ["none"] = new SuccessorFailed("it exited(1)"),
            ["waits"] = new WaitBegan("db (ready)"),
            ["met"] = new WaitOver(),
            ["vain"] = new WaitFailed("db was given up"),
            ["started"] = new RunStarted(),
            ["refused"] = new SpawnRefused("no such file", Now),
            ["ended"] = new RunEnded(new RunOutcome(1, 0), TimeSpan.FromSeconds(5), Now),
            ["output"] = new OutputEnded(),
            ["retry"] = new TimeUp(TimerKind.Retry),
            ["grace"] = new TimeUp(TimerKind.Grace),
            ["drain"] = new TimeUp(TimerKind.Drain),
            ["look"] = new TimeUp(TimerKind.Descendants),
            ["forget"] = new TimeUp(TimerKind.Forget),
            ["gone"] = new TreeSeen(IsDone: true, null),
            ["left"] = new TreeSeen(IsDone: true, "pid 7"),
            ["some"] = new TreeSeen(IsDone: false, null),
            ["ready"] = new ReadyReached(),
            ["sick"] = new HealthLost("503"),
            ["over"] = new LimitPassed("600M is over 512M"),
            ["well"] = new HealthFound(),
            ["lost"] = new RunLost(),
            ["resumed"] = new Resumed(new RunOutcome(1, 0), TimeSpan.FromSeconds(5), Now),
        };

    /// <summary>A plain state of each status, as it is after the usual way there.</summary>
    public static LifeState At(ProcessStatus status) =>
        new()
        {
            Status = status,
            IsWanted = status != ProcessStatus.Stopped,
            IsReady = status == ProcessStatus.Ready,
            IsSignalled = status is ProcessStatus.Stopping or ProcessStatus.Sweeping,
            SignalsSent = status == ProcessStatus.Stopping ? 1 : 0,
            FailedReason = status == ProcessStatus.Failed ? "16 short runs" : null,
            Next =
                status == ProcessStatus.Draining
                    ? new RestartDecision(
                        AfterExit.Restart,
                        TimeSpan.Zero,
                        RestartHistory.Clean,
                        null
                    )
                    : null,
        };

    /// <summary>A step in words: the state after it, and the actions.</summary>
    public static string Tell(LifeStep step) =>
        $"{step.State.Status}: {string.Join(' ', step.Actions.Select(Tell))}".TrimEnd(' ', ':');

    private static string Tell(LifeAction action) =>
        action switch
        {
            SetTimer timer => $"{timer.Kind}Timer",
            Tell tell => $"Tell({tell.What})",
            Answer { Error: not null } => "Answer!",
            AnswerReload { Error: not null } => "AnswerReload!",
            AnswerStops { Error: not null } => "AnswerStops!",
            AnswerStarts { Error: not null } => "AnswerStarts!",
            _ => action.GetType().Name,
        };
}
