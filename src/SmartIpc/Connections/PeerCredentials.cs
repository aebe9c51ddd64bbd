using System.Net.Sockets;

namespace SmartIpc.Connections;

/// <summary>Who the other side is, by the kernel.</summary>
internal readonly record struct PeerCredentials(int Pid, uint Uid, uint Gid)
{
    private const int SolSocket = 1;
    private const int SoPeerCred = 17;

    public static PeerCredentials Read(Socket socket)
    {
        Span<byte> raw = stackalloc byte[12];
        socket.GetRawSocketOption(SolSocket, SoPeerCred, raw);
        return new PeerCredentials(
            BitConverter.ToInt32(raw),
            BitConverter.ToUInt32(raw[4..]),
            BitConverter.ToUInt32(raw[8..])
        );
    }
}
