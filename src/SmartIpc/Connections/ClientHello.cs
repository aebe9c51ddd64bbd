namespace SmartIpc.Connections;

/// <summary>What a client says first.</summary>
/// <param name="ProtocolMin">The oldest protocol it speaks.</param>
/// <param name="ProtocolMax">The newest protocol it speaks.</param>
/// <param name="ClientName">What it calls itself, as <c>tspm/0.1.0</c>.</param>
/// <param name="BuildId">The build it is of.</param>
/// <param name="Wants">Names of features it asks for.</param>
public sealed record ClientHello(
    int ProtocolMin,
    int ProtocolMax,
    string ClientName,
    string BuildId,
    IReadOnlyList<string> Wants
);

/// <summary>What a server answers to a client that it takes.</summary>
/// <param name="Protocol">The protocol spoken from here on.</param>
/// <param name="DaemonId">Names this life of the server.</param>
/// <param name="BuildId">The build it is of.</param>
/// <param name="Version">Its version.</param>
/// <param name="Features">Names of features it has.</param>
/// <param name="HeartbeatInterval">Each subscription hears something at least this often.</param>
/// <param name="MaxFrameBytes">The longest payload that it takes, in bytes.</param>
public sealed record ServerWelcome(
    int Protocol,
    string DaemonId,
    string BuildId,
    string Version,
    IReadOnlyList<string> Features,
    TimeSpan HeartbeatInterval,
    int MaxFrameBytes
);
