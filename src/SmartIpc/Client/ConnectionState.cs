namespace SmartIpc.Client;

/// <summary>Where a client's connection is.</summary>
public enum ConnectionState
{
    /// <summary>Not started.</summary>
    Down,

    /// <summary>Connecting the socket.</summary>
    Dialing,

    /// <summary>Waiting for the welcome.</summary>
    Greeting,

    /// <summary>Usable.</summary>
    Up,

    /// <summary>Waiting for the next try.</summary>
    Waiting,

    /// <summary>Over for good.</summary>
    Closed,
}

/// <summary>A change of a client's connection.</summary>
/// <param name="State">Where it is now.</param>
/// <param name="Reason">Why, as a word; empty if all is well.</param>
/// <param name="DaemonId">The server last spoken to.</param>
/// <param name="HasDaemonChanged">True at Up if it is another life of the server than before.</param>
/// <param name="Attempt">Tries since the connection was last up.</param>
/// <param name="RetryIn">At Waiting, how long.</param>
public sealed record ConnectionChange(
    ConnectionState State,
    string Reason,
    string? DaemonId,
    bool HasDaemonChanged,
    int Attempt,
    TimeSpan RetryIn
);
