namespace SmartIpc.Client;

/// <summary>The decisions about a connection: a pure function of state and event, without clock, chance or I/O.</summary>
internal static class ConnectionMachine
{
    /// <summary>Goes one step; an event that means nothing in a state changes nothing.</summary>
    public static (ConnectionFacts Facts, ConnectionActions Actions) Step(
        in ConnectionFacts facts,
        in ConnectionEvent happened,
        ReconnectPolicy policy
    )
    {
        if (facts.State == ConnectionState.Closed)
        {
            return (facts, ConnectionActions.None);
        }

        return (facts.State, happened.Kind) switch
        {
            (_, ConnectionEventKind.Stop) => CloseFor(facts, "closed"),
            (ConnectionState.Down, ConnectionEventKind.Start) => Dial(
                facts with
                {
                    DownSince = happened.Now,
                }
            ),
            (ConnectionState.Waiting, ConnectionEventKind.RetryDue) => Dial(facts),
            (ConnectionState.Dialing, ConnectionEventKind.Connected) => (
                facts with
                {
                    State = ConnectionState.Greeting,
                },
                ConnectionActions.SendHello | ConnectionActions.Tell
            ),
            (ConnectionState.Greeting, ConnectionEventKind.Welcomed) => Welcome(facts, happened),
            (ConnectionState.Dialing or ConnectionState.Greeting, ConnectionEventKind.Failed) =>
                Fail(facts, happened, policy),
            (ConnectionState.Up, ConnectionEventKind.Lost) => Lose(facts, happened, policy),
            (ConnectionState.Up, ConnectionEventKind.Silent) => (facts, ConnectionActions.SendPing),
            (ConnectionState.Up, ConnectionEventKind.PongMissing) => (
                facts,
                ConnectionActions.Drop
            ),
            _ => (facts, ConnectionActions.None),
        };
    }

    private static (ConnectionFacts, ConnectionActions) Dial(in ConnectionFacts facts) =>
        (
            facts with
            {
                State = ConnectionState.Dialing,
                RetryIn = default,
                HasDaemonChanged = false,
            },
            ConnectionActions.Dial | ConnectionActions.Tell
        );

    private static (ConnectionFacts, ConnectionActions) Welcome(
        in ConnectionFacts facts,
        in ConnectionEvent happened
    ) =>
        (
            facts with
            {
                State = ConnectionState.Up,
                HasDaemonChanged =
                    facts.DaemonId is not null && facts.DaemonId != happened.DaemonId,
                DaemonId = happened.DaemonId,
                UpSince = happened.Now,
                Reason = "",
            },
            ConnectionActions.ResumeSubscriptions | ConnectionActions.Tell
        );

    private static (ConnectionFacts, ConnectionActions) Fail(
        in ConnectionFacts facts,
        in ConnectionEvent happened,
        ReconnectPolicy policy
    )
    {
        // Another version or another user does not go away by waiting.
        var isFinal = happened.Code is IpcErrorCode.Version or IpcErrorCode.Peer;
        var hasGivenUp = policy.GiveUpAfter is { } limit && happened.Now - facts.DownSince >= limit;
        return isFinal || hasGivenUp || !policy.IsEnabled
            ? CloseFor(facts, happened.Code)
            : Wait(facts with { Attempt = facts.Attempt + 1 }, happened, policy);
    }

    private static (ConnectionFacts, ConnectionActions) Lose(
        in ConnectionFacts facts,
        in ConnectionEvent happened,
        ReconnectPolicy policy
    )
    {
        if (!policy.IsEnabled)
        {
            return CloseFor(facts, happened.Code);
        }

        var wasStable = happened.Now - facts.UpSince >= policy.ResetAfter;
        var lost = facts with { DownSince = happened.Now, Attempt = wasStable ? 0 : facts.Attempt };
        var (waiting, actions) = Wait(lost, happened, policy);
        // A connection that keeps breaking right after the welcome waits longer each time.
        return (
            waiting with
            {
                Attempt = lost.Attempt + 1,
            },
            actions | ConnectionActions.DetachSubscriptions
        );
    }

    private static (ConnectionFacts, ConnectionActions) Wait(
        in ConnectionFacts facts,
        in ConnectionEvent happened,
        ReconnectPolicy policy
    ) =>
        (
            facts with
            {
                State = ConnectionState.Waiting,
                RetryIn =
                    happened.RetryAfter > TimeSpan.Zero
                        ? happened.RetryAfter
                        : Delay(facts, happened, policy),
                Reason = happened.Code,
            },
            ConnectionActions.StartRetryTimer | ConnectionActions.Tell
        );

    private static TimeSpan Delay(
        in ConnectionFacts facts,
        in ConnectionEvent happened,
        ReconnectPolicy policy
    )
    {
        var factor = Math.Pow(policy.Factor, Math.Min(facts.Attempt, 64));
        var delay = Math.Min(
            policy.Initial.TotalMilliseconds * factor,
            policy.Cap.TotalMilliseconds
        );
        return TimeSpan.FromMilliseconds(delay * (1 + (policy.Jitter * ((2 * happened.Roll) - 1))));
    }

    private static (ConnectionFacts, ConnectionActions) CloseFor(
        in ConnectionFacts facts,
        string reason
    ) =>
        (
            facts with
            {
                State = ConnectionState.Closed,
                Reason = reason,
                RetryIn = default,
            },
            ConnectionActions.Drop | ConnectionActions.EndSubscriptions | ConnectionActions.Tell
        );
}

/// <summary>What happened to a connection.</summary>
internal enum ConnectionEventKind
{
    Start,
    Connected,
    Failed,
    Welcomed,
    Lost,
    Silent,
    PongMissing,
    RetryDue,
    Stop,
}

/// <summary>One event, with all that the machine may not look up itself.</summary>
/// <param name="Kind">What happened.</param>
/// <param name="Now">Monotonic time.</param>
/// <param name="Code">Why it failed or was lost.</param>
/// <param name="DaemonId">Whose welcome came.</param>
/// <param name="RetryAfter">When the server said to come back; zero if it did not.</param>
/// <param name="Roll">Chance for the jitter, from 0 to 1.</param>
internal readonly record struct ConnectionEvent(
    ConnectionEventKind Kind,
    TimeSpan Now,
    string Code = "",
    string? DaemonId = null,
    TimeSpan RetryAfter = default,
    double Roll = 0.5
);

/// <summary>What the driver is to do.</summary>
[Flags]
internal enum ConnectionActions
{
    None = 0,
    Dial = 1,
    SendHello = 2,
    ResumeSubscriptions = 4,
    DetachSubscriptions = 8,
    SendPing = 16,
    Drop = 32,
    StartRetryTimer = 64,
    EndSubscriptions = 128,
    Tell = 256,
}

/// <summary>The state of a connection's machine.</summary>
internal readonly record struct ConnectionFacts(
    ConnectionState State,
    int Attempt,
    string? DaemonId,
    TimeSpan UpSince,
    TimeSpan DownSince,
    TimeSpan RetryIn,
    string Reason,
    bool HasDaemonChanged
)
{
    public static readonly ConnectionFacts Initial = new(
        ConnectionState.Down,
        0,
        null,
        default,
        default,
        default,
        "",
        false
    );

    public ConnectionChange ToChange() =>
        new(State, Reason, DaemonId, HasDaemonChanged, Attempt, RetryIn);
}
