using System.Net.Sockets;
using System.Text;
using SmartIpc.Interop;

namespace SmartIpc.Connections;

/// <summary>An address for a socket path of any length.</summary>
/// <remarks>
/// A socket address takes 107 bytes. A longer path goes through <c>/proc/self/fd/N/name</c>, with N a descriptor of
/// the directory that stays open until <see cref="Dispose"/>.
/// </remarks>
internal sealed class SocketLocation : IDisposable
{
    private const int MaxAddressBytes = 107;
    private readonly int _directoryFd = -1;

    private SocketLocation(string address, int directoryFd)
    {
        EndPoint = new UnixDomainSocketEndPoint(address);
        _directoryFd = directoryFd;
    }

    public UnixDomainSocketEndPoint EndPoint { get; }

    public static SocketLocation Open(string path)
    {
        if (Encoding.UTF8.GetByteCount(path) <= MaxAddressBytes)
        {
            return new SocketLocation(path, -1);
        }

        var directory = Path.GetDirectoryName(Path.GetFullPath(path)) ?? "/";
        var fd = NativeMethods.Open(directory, NativeMethods.OpenPathDirectory);
        if (fd < 0)
        {
            throw new DirectoryNotFoundException(
                $"The directory '{directory}' of the socket cannot be opened."
            );
        }

        try
        {
            return new SocketLocation($"/proc/self/fd/{fd}/{Path.GetFileName(path)}", fd);
        }
        catch (ArgumentException)
        {
            _ = NativeMethods.Close(fd);
            throw;
        }
    }

    public void Dispose()
    {
        if (_directoryFd >= 0)
        {
            _ = NativeMethods.Close(_directoryFd);
        }
    }
}
