using System.Collections.Concurrent;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;
using SmartIpc.Interop;

namespace SmartIpc.Connections;

/// <summary>One thread that tells the connections of a server when their sockets have input (epoll(7), edge-triggered).</summary>
/// <remarks>
/// The runtime's own engine watches a socket for output too: it is woken, and wakes a thread of the pool, each time a reader has taken
/// what it was sent, which is once a line. The thread begins with the first connection.
/// </remarks>
internal sealed class ReadableWatch : IDisposable
{
    private const int MaxEvents = 64;
    private const ulong StopTag = 0;

    // The kernel's struct is packed on x86-64 only; elsewhere the tag is aligned.
    private static readonly bool IsPacked =
        RuntimeInformation.ProcessArchitecture == Architecture.X64;
    private static readonly int TagAt = IsPacked ? 4 : 8;
    private static readonly int EventSize = TagAt + sizeof(ulong);

    private readonly SafeFileHandle _epoll;
    private readonly SafeFileHandle _stop;
    private readonly Lock _gate = new();

    // One for each open connection, which are bounded.
    private readonly ConcurrentDictionary<ulong, ReadableWait> _waits = new();
    private ulong _lastTag = StopTag;
    private Thread? _thread;

    /// <exception cref="IOException">No descriptor is left.</exception>
    public ReadableWatch()
    {
        _epoll = Checked(NativeMethods.MakeEpoll(NativeMethods.CloseOnExec));
        _stop = Checked(NativeMethods.MakeEvent(0, NativeMethods.CloseOnExec));
        Register(_stop, StopTag);
    }

    /// <summary>Watches a socket until it is closed.</summary>
    /// <exception cref="IOException">It cannot be watched.</exception>
    public ReadableWait Add(Socket socket)
    {
        lock (_gate)
        {
            var wait = new ReadableWait(this, ++_lastTag);
            _waits[wait.Tag] = wait;
            try
            {
                Register(socket.SafeHandle, wait.Tag);
            }
            catch (IOException)
            {
                Forget(wait);
                throw;
            }

            if (_thread is null)
            {
                _thread = new Thread(Run) { IsBackground = true, Name = "connections" };
                _thread.Start();
            }

            return wait;
        }
    }

    /// <summary>Ends the thread; when no connection is left.</summary>
    public void Dispose()
    {
        lock (_gate)
        {
            if (_thread is not null)
            {
                Span<byte> one = [1, 0, 0, 0, 0, 0, 0, 0];
                RandomAccess.Write(_stop, one, 0);
                _thread.Join();
            }
        }

        _epoll.Dispose();
        _stop.Dispose();
    }

    internal void Forget(ReadableWait wait) => _waits.TryRemove(wait.Tag, out _);

    private static SafeFileHandle Checked(SafeFileHandle handle) =>
        handle.IsInvalid ? throw Failed() : handle;

    private static IOException Failed() =>
        new($"epoll: {Marshal.GetPInvokeErrorMessage(Marshal.GetLastPInvokeError())}");

    private void Register(SafeHandle file, ulong tag)
    {
        Span<byte> entry = stackalloc byte[EventSize];
        entry.Clear();
        MemoryMarshal.Write(entry, NativeMethods.EpollIn | NativeMethods.EpollEdge);
        MemoryMarshal.Write(entry[TagAt..], tag);
        if (
            NativeMethods.ChangeEpoll(
                _epoll,
                NativeMethods.EpollAdd,
                file,
                ref MemoryMarshal.GetReference(entry)
            ) != 0
        )
        {
            throw Failed();
        }
    }

    private void Run()
    {
        Span<byte> events = stackalloc byte[MaxEvents * EventSize];
        while (true)
        {
            var count = NativeMethods.WaitEpoll(
                _epoll,
                ref MemoryMarshal.GetReference(events),
                MaxEvents,
                -1
            );
            for (var i = 0; i < count; i++)
            {
                var tag = MemoryMarshal.Read<ulong>(events[((i * EventSize) + TagAt)..]);
                if (tag == StopTag)
                {
                    return;
                }

                // One that has been closed may still be told of.
                if (_waits.TryGetValue(tag, out var wait))
                {
                    wait.Set();
                }
            }
        }
    }
}
