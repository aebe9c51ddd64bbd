using System.Net.Sockets;
using System.Runtime.InteropServices;
using SmartIpc.Interop;

namespace SmartIpc.Connections;

/// <summary>The listening socket: nobody else's from its first moment, and there under its name only when it listens.</summary>
internal sealed class ListenSocket : IDisposable
{
    private const uint OwnerOnly = 0x180; // 0600
    private readonly string _path;
    private readonly FileFacts _facts;

    private ListenSocket(Socket socket, string path, FileFacts facts)
    {
        Socket = socket;
        _path = path;
        _facts = facts;
    }

    public Socket Socket { get; }

    /// <summary>Makes the socket and puts it in the place of one that is there. The caller holds the lock.</summary>
    public static ListenSocket Create(string path, int backlog)
    {
        var fullPath = Path.GetFullPath(path);
        var directory = Path.GetDirectoryName(fullPath) ?? "/";
        var draft = Path.Combine(directory, $".s{Environment.ProcessId:x}{Guid.NewGuid():N}"[..20]);
        var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            // Before bind, so that the inode is made with this mode and never had another.
            if (NativeMethods.ChangeMode(socket.SafeHandle, OwnerOnly) != 0)
            {
                throw new IOException(
                    $"fchmod of the socket failed: {Marshal.GetLastPInvokeErrorMessage()}."
                );
            }

            using (var location = SocketLocation.Open(draft))
            {
                socket.Bind(location.EndPoint);
            }

            socket.Listen(backlog);
            File.Move(draft, fullPath, overwrite: true);
            if (!FileCheck.TryRead(fullPath, out var facts))
            {
                throw new IOException($"The socket '{fullPath}' is gone again.");
            }

            return new ListenSocket(socket, fullPath, facts);
        }
        catch
        {
            socket.Dispose();
            File.Delete(draft);
            throw;
        }
    }

    public void Dispose()
    {
        // Only if it is still ours: a successor may have put its own there.
        if (FileCheck.TryRead(_path, out var now) && now.Inode == _facts.Inode && now.IsSocket)
        {
            File.Delete(_path);
        }

        Socket.Dispose();
    }
}

/// <summary>Reads whose a file is.</summary>
internal static class FileCheck
{
    /// <summary>Reads the facts of the file itself, not of what a link points to.</summary>
    public static bool TryRead(string path, out FileFacts facts) =>
        NativeMethods.Statx(
            NativeMethods.AtFdCwd,
            path,
            NativeMethods.AtSymlinkNoFollow,
            NativeMethods.StatxBasicStats,
            out facts
        ) == 0;
}
