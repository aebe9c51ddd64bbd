using SmartIpc.Connections;

namespace Tspm.Daemon.Ipc;

/// <summary>How a client is named in the log of what it changed.</summary>
internal static class Clients
{
    private const int MaxName = 32;

    /// <summary>"uid 1000 pid 4711 (tspm)"; the numbers are the kernel's, the name its own.</summary>
    public static string NameOf(IpcPeer peer)
    {
        var plain = new string([
            .. peer
                .ClientName.Where(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '.' or '_')
                .Take(MaxName),
        ]);
        return $"uid {peer.Uid} pid {peer.Pid}" + (plain.Length > 0 ? $" ({plain})" : "");
    }
}
