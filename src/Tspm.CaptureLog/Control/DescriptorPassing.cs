using System.Runtime.InteropServices;

namespace Tspm.CaptureLog.Control;

/// <summary>Bytes and open descriptors over a Unix socket (SCM_RIGHTS).</summary>
/// <remarks>Descriptors arrive with the first byte that was sent with them, in order; they are closed on exec from the start.</remarks>
public static unsafe partial class DescriptorPassing
{
    /// <summary>The most descriptors that go with one frame.</summary>
    public const int MaxDescriptors = 4;

    private const int SendTimeoutMilliseconds = 2_000;
    private const int SocketLevel = 1;
    private const int Rights = 1;
    private const int HeaderBytes = 16;
    private const int Room = HeaderBytes + (16 * sizeof(int));
    private const int DontWait = 0x40;
    private const int NoSignal = 0x4000;
    private const int CloseOnExec = 0x4000_0000;
    private const int Again = 11;
    private const int Interrupted = 4;
    private const short PollOut = 4;

    /// <summary>Sends all bytes, the descriptors with the first of them; false if the peer is gone or takes nothing for 2 s.</summary>
    public static bool TrySend(
        int socket,
        ReadOnlySpan<byte> bytes,
        ReadOnlySpan<int> descriptors = default
    )
    {
        while (!bytes.IsEmpty)
        {
            var sent = SendOnce(socket, bytes, descriptors);
            if (sent > 0)
            {
                bytes = bytes[(int)sent..];
                descriptors = default;
                continue;
            }

            var errno = Marshal.GetLastPInvokeError();
            if (errno == Interrupted || (errno == Again && CanWrite(socket)))
            {
                continue;
            }

            return false;
        }

        return true;
    }

    /// <summary>Receives what is there now.</summary>
    /// <param name="socket">The socket.</param>
    /// <param name="bytes">Where bytes go.</param>
    /// <param name="descriptors">Gets the descriptors, which the caller owns from now on.</param>
    /// <returns>Bytes; 0 if nothing is there; −1 if the connection is over.</returns>
    public static int Receive(int socket, Span<byte> bytes, Queue<int> descriptors)
    {
        var control = stackalloc byte[Room];
        fixed (byte* first = bytes)
        {
            var vector = new Vector { First = first, Length = (nuint)bytes.Length };
            var message = new Message
            {
                Vectors = &vector,
                VectorCount = 1,
                Control = control,
                ControlLength = Room,
            };
            var read = recvmsg(socket, &message, DontWait | CloseOnExec);
            if (read > 0)
            {
                Take(control, message.ControlLength, descriptors);
                return (int)read;
            }

            var isNothing = read < 0 && Marshal.GetLastPInvokeError() is Again or Interrupted;
            return isNothing ? 0 : -1;
        }
    }

    private static nint SendOnce(
        int socket,
        ReadOnlySpan<byte> bytes,
        ReadOnlySpan<int> descriptors
    )
    {
        var control = stackalloc byte[Room];
        fixed (byte* first = bytes)
        {
            var vector = new Vector { First = first, Length = (nuint)bytes.Length };
            var message = new Message { Vectors = &vector, VectorCount = 1 };
            if (!descriptors.IsEmpty)
            {
                var length = HeaderBytes + (descriptors.Length * sizeof(int));
                *(nuint*)control = (nuint)length;
                *(int*)(control + 8) = SocketLevel;
                *(int*)(control + 12) = Rights;
                descriptors.CopyTo(new Span<int>(control + HeaderBytes, descriptors.Length));
                message.Control = control;
                message.ControlLength = (nuint)((length + 7) & ~7);
            }

            return sendmsg(socket, &message, DontWait | NoSignal);
        }
    }

    private static void Take(byte* control, nuint length, Queue<int> descriptors)
    {
        if (length < HeaderBytes)
        {
            return;
        }

        var count = ((int)*(nuint*)control - HeaderBytes) / sizeof(int);
        var isRights = *(int*)(control + 8) == SocketLevel && *(int*)(control + 12) == Rights;
        for (var i = 0; isRights && i < count; i++)
        {
            descriptors.Enqueue(((int*)(control + HeaderBytes))[i]);
        }
    }

    private static bool CanWrite(int socket)
    {
        var entry = new PollEntry { Descriptor = socket, Events = PollOut };
        return poll(&entry, 1, SendTimeoutMilliseconds) > 0;
    }

    [LibraryImport("libc", SetLastError = true)]
    private static partial nint sendmsg(int socket, Message* message, int flags);

    [LibraryImport("libc", SetLastError = true)]
    private static partial nint recvmsg(int socket, Message* message, int flags);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int poll(PollEntry* entries, nuint count, int timeout);

    [StructLayout(LayoutKind.Sequential)]
    private struct Vector
    {
        public byte* First;
        public nuint Length;
    }

    [StructLayout(LayoutKind.Sequential)]
    private struct Message
    {
        public void* Name;
        public uint NameLength;
        public Vector* Vectors;
        public nuint VectorCount;
        public void* Control;
        public nuint ControlLength;
        public int Flags;
    }

    [StructLayout(LayoutKind.Sequential)]
    private struct PollEntry
    {
        public int Descriptor;
        public short Events;
        public short Returned;
    }
}
