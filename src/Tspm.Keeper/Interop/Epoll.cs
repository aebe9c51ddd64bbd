using System.Runtime.InteropServices;

namespace Tspm.Keeper.Interop;

/// <summary>An epoll set; events carry a number that the owner chose.</summary>
internal sealed unsafe partial class Epoll : IDisposable
{
    public const uint In = 1;
    public const uint Error = 8;
    public const uint HangUp = 16;

    private const int AddOperation = 1;
    private const int RemoveOperation = 2;
    private const int ChangeOperation = 3;
    private readonly int _epoll;

    /// <summary>Makes an empty set.</summary>
    /// <exception cref="IOException">No descriptor is left.</exception>
    public Epoll()
    {
        _epoll = epoll_create1(LibC.CloseOnExec);
        if (_epoll < 0)
        {
            throw new IOException($"epoll: {Marshal.GetPInvokeErrorMessage(LibC.LastError)}");
        }
    }

    /// <summary>Watches a descriptor; false with the errno if it cannot be watched.</summary>
    public bool Add(int file, uint events, ulong tag) => Control(AddOperation, file, events, tag);

    /// <summary>Changes what is waited for; hang-up is always told.</summary>
    public bool Change(int file, uint events, ulong tag) =>
        Control(ChangeOperation, file, events, tag);

    /// <summary>No longer watches a descriptor.</summary>
    public bool Remove(int file) => Control(RemoveOperation, file, 0, 0);

    /// <summary>Waits; how many events there are, 0 also if a signal came.</summary>
    public int Wait(Span<EpollEvent> events, long nanoseconds)
    {
        fixed (EpollEvent* first = events)
        {
            return Math.Max(0, LibC.WaitEpoll(_epoll, first, events.Length, nanoseconds));
        }
    }

    /// <inheritdoc/>
    public void Dispose() => LibC.close(_epoll);

    private bool Control(int operation, int file, uint events, ulong tag)
    {
        // The kernel's struct is packed on x86-64 only; elsewhere the tag is aligned.
        var entry = stackalloc byte[16];
        *(uint*)entry = events;
        *(ulong*)(entry + EpollEvent.TagAt) = tag;
        return epoll_ctl(_epoll, operation, file, entry) == 0;
    }

    [LibraryImport("libc", SetLastError = true)]
    private static partial int epoll_create1(int flags);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int epoll_ctl(int epoll, int operation, int file, byte* entry);
}

/// <summary>An event as the kernel writes it on x86-64.</summary>
[StructLayout(LayoutKind.Sequential, Pack = 1, Size = 12)]
internal struct EpollEvent
{
    /// <summary>Where the tag stands.</summary>
    public const int TagAt = 4;

    public uint Events;
    public ulong Tag;
}
