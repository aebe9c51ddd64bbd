using System.Buffers.Binary;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using Tspm.CaptureLog;
using Tspm.Keeper.Interop;

namespace Tspm.Keeper.Control;

/// <summary>The keeper's listening socket: 0600 from its first moment, its name appears only once it listens.</summary>
internal sealed partial class ControlSocket : IDisposable
{
    private const int Backlog = 16;
    private const int SolSocket = 1;
    private const int PeerCredentials = 17;
    private const int CredentialBytes = 12;
    private const uint OwnerFile = 0x180;
    private const int PathOnly = 0x200000;
    private readonly Socket _socket;

    private ControlSocket(Socket socket) => _socket = socket;

    /// <summary>The descriptor.</summary>
    public int Descriptor => (int)_socket.Handle;

    /// <summary>Makes the socket; the caller holds the lock that makes it the only one.</summary>
    /// <exception cref="IOException">The directory cannot be opened or written.</exception>
    public static ControlSocket Create(string path)
    {
        var directory = Path.GetDirectoryName(path) ?? "/";
        var handle = LibC.open(directory, PathOnly | LibC.CloseOnExec, 0);
        if (handle < 0)
        {
            throw new IOException($"{directory}: {Marshal.GetPInvokeErrorMessage(LibC.LastError)}");
        }

        try
        {
            // Through the descriptor, because a socket address has room for 107 bytes only.
            var fresh = $"{Path.GetFileName(path)}.{Environment.ProcessId}";
            var socket = new Socket(
                AddressFamily.Unix,
                SocketType.Stream,
                ProtocolType.Unspecified
            );
            _ = fchmod((int)socket.Handle, OwnerFile);
            socket.Bind(new UnixDomainSocketEndPoint($"/proc/self/fd/{handle}/{fresh}"));
            socket.Listen(Backlog);
            File.Move(Path.Join(directory, fresh), path, overwrite: true);
            CrashPoint.Pass(CrashPoint.Listening);
            return new ControlSocket(socket);
        }
        finally
        {
            LibC.close(handle);
        }
    }

    /// <summary>The socket of the program before, which listens already.</summary>
    public static ControlSocket Reopen(int descriptor) => new(ConnectionOf(descriptor));

    /// <summary>A socket that was left open.</summary>
    public static Socket ConnectionOf(int descriptor)
    {
        LibC.SetCloseOnExec(descriptor, closes: true);
        return new Socket(new SafeSocketHandle(descriptor, ownsHandle: true));
    }

    /// <summary>Accepts one; null if nobody is there or it is not our user.</summary>
    public ControlConnection? Accept()
    {
        Socket socket;
        try
        {
            socket = _socket.Accept();
        }
        catch (SocketException)
        {
            return null;
        }

        Span<byte> credentials = stackalloc byte[CredentialBytes];
        socket.GetRawSocketOption(SolSocket, PeerCredentials, credentials);
        var pid = BinaryPrimitives.ReadInt32LittleEndian(credentials);
        var uid = BinaryPrimitives.ReadUInt32LittleEndian(credentials[4..]);
        if (uid == LibC.geteuid())
        {
            return new ControlConnection(socket, pid);
        }

        socket.Dispose();
        return null;
    }

    /// <inheritdoc/>
    public void Dispose() => _socket.Dispose();

    [LibraryImport("libc", SetLastError = true)]
    private static partial int fchmod(int file, uint mode);
}
