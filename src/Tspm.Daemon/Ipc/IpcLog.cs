using Microsoft.Extensions.Logging;
using SmartIpc.Connections;
using Tspm.Daemon.Logging;

namespace Tspm.Daemon.Ipc;

/// <summary>What happens on the socket, into the daemon's own log.</summary>
internal sealed class IpcLog(ILogger log) : IIpcObserver
{
    /// <inheritdoc/>
    public void OnConnected(IpcPeer peer) => DaemonLog.Connected(log, peer.ClientName, peer.Pid);

    /// <inheritdoc/>
    public void OnDisconnected(IpcPeer peer, string reason, string message) =>
        DaemonLog.Disconnected(log, peer.ClientName, peer.Pid, reason);

    /// <inheritdoc/>
    public void OnRefused(int pid, uint uid, string code) => DaemonLog.Refused(log, pid, uid, code);

    /// <inheritdoc/>
    public void OnRequestFailed(string method, Exception error) =>
        DaemonLog.RequestFailed(log, error, method);

    /// <inheritdoc/>
    public void OnTopicFailed(string topic, Exception error) =>
        DaemonLog.TopicFailed(log, error, topic);

    /// <inheritdoc/>
    public void OnAcceptFailed(Exception error) => DaemonLog.AcceptFailed(log, error.Message);
}
