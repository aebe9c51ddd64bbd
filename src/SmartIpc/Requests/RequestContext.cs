using SmartIpc.Connections;

namespace SmartIpc.Requests;

/// <summary>Who asks.</summary>
/// <param name="Peer">The client; its numbers come from the kernel.</param>
/// <param name="Method">The number of the method.</param>
/// <param name="IsNotify">True if no answer is sent.</param>
/// <param name="Aborted">Fires when the connection goes or the client cancels.</param>
public sealed record RequestContext(
    IpcPeer Peer,
    ushort Method,
    bool IsNotify,
    CancellationToken Aborted
);
