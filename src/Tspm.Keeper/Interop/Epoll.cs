using System.Runtime.InteropServices;

namespace Tspm.Keeper.Interop;

/// <summary>An epoll set; events carry a number that the owner chose.</summary>
internal sealed unsafe partial class Epoll : IDisposable
{
    public const uint In = 1;
    public const uint Error = 8;
    public const uint HangUp = 16;

    private const int MostEvents = 128;
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
        var room = stackalloc byte[MostEvents * EpollEvent.AlignedBytes];
        var most = Math.Min(events.Length, MostEvents);
        var count = Math.Max(0, LibC.WaitEpoll(_epoll, room, most, nanoseconds));
        for (var i = 0; i < count; i++)
        {
            events[i] = EpollEvent.Read(room + (i * EpollEvent.Bytes));
        }

        return count;
    }

    /// <inheritdoc/>
    public void Dispose() => LibC.close(_epoll);

    private bool Control(int operation, int file, uint events, ulong tag)
    {
        var entry = stackalloc byte[EpollEvent.AlignedBytes];
        *(uint*)entry = events;
        *(ulong*)(entry + EpollEvent.TagAt) = tag;
        return epoll_ctl(_epoll, operation, file, entry) == 0;
    }

    [LibraryImport("libc", SetLastError = true)]
    private static partial int epoll_create1(int flags);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int epoll_ctl(int epoll, int operation, int file, byte* entry);
}

/// <summary>An event. The kernel's struct is packed on x86-64 only; elsewhere the tag is aligned.</summary>
internal readonly record struct EpollEvent(uint Events, ulong Tag)
{
    /// <summary>The most that the kernel needs for one.</summary>
    public const int AlignedBytes = 16;

    private const int PackedBytes = 12;
    private static readonly bool IsPacked =
        RuntimeInformation.ProcessArchitecture == Architecture.X64;

    /// <summary>What the kernel needs for one.</summary>
    public static int Bytes => IsPacked ? PackedBytes : AlignedBytes;

    /// <summary>Where the tag stands.</summary>
    public static int TagAt => Bytes - sizeof(ulong);

    /// <summary>Reads one.</summary>
    public static unsafe EpollEvent Read(byte* entry) =>
        new(*(uint*)entry, *(ulong*)(entry + TagAt));
}
