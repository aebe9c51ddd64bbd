using System.IO.MemoryMappedFiles;
using System.Runtime.CompilerServices;

namespace Tspm.CaptureLog;

/// <summary>The page that keeper and daemon share: how far the journal goes, and whether the daemon waits.</summary>
/// <remarks>
/// Each side does: write its own word, full fence, read the other's. So either the daemon sees the new end,
/// or the keeper sees that it is armed and writes a byte into the wake pipe (docs/capture-log.md section 4).
/// </remarks>
public sealed unsafe class WakePage : IDisposable
{
    private const int PageBytes = 4096;
    private const int ConsumedAt = 16;
    private readonly MemoryMappedFile _file;
    private readonly MemoryMappedViewAccessor _view;
    private readonly byte* _page;

    private WakePage(MemoryMappedFile file)
    {
        _file = file;
        _view = file.CreateViewAccessor(0, PageBytes);
        _view.SafeMemoryMappedViewHandle.AcquirePointer(ref _page);
    }

    /// <summary>The ord after the last complete record; 0 while no keeper has told it.</summary>
    public ulong JournalEnd => Volatile.Read(ref *(ulong*)_page);

    /// <summary>Every record with a smaller ord is in the daemon's indexes; 0 while no daemon has told it. Written by the daemon after each turn.</summary>
    public ulong Consumed
    {
        get => Volatile.Read(ref *(ulong*)(_page + ConsumedAt));
        set => Volatile.Write(ref *(ulong*)(_page + ConsumedAt), value);
    }

    private ref uint Armed => ref Unsafe.AsRef<uint>(_page + 8);

    /// <summary>Opens the page, and makes it if it is not there.</summary>
    /// <exception cref="IOException">The file cannot be made, or the disk is full.</exception>
    public static WakePage Open(string path)
    {
        var handle = new FileStream(
            path,
            new FileStreamOptions
            {
                Mode = FileMode.OpenOrCreate,
                Access = FileAccess.ReadWrite,
                Share = FileShare.ReadWrite | FileShare.Delete,
                UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite,
                BufferSize = 0,
            }
        );
        if (handle.Length < PageBytes)
        {
            // Written, not only sized: a hole in a full file system would be a SIGBUS later.
            RandomAccess.Write(
                handle.SafeFileHandle,
                new byte[PageBytes - (int)handle.Length],
                handle.Length
            );
        }

        return new WakePage(
            MemoryMappedFile.CreateFromFile(
                handle,
                null,
                PageBytes,
                MemoryMappedFileAccess.ReadWrite,
                HandleInheritability.None,
                leaveOpen: false
            )
        );
    }

    /// <summary>Keeper: tells how far the journal goes. True if the daemon waits and must be woken by a byte.</summary>
    public bool Publish(ulong journalEnd)
    {
        Volatile.Write(ref *(ulong*)_page, journalEnd);
        Interlocked.MemoryBarrier();
        return Volatile.Read(ref Armed) != 0 && Interlocked.Exchange(ref Armed, 0) != 0;
    }

    /// <summary>Daemon: about to wait. True if it may; false if the journal has gone on since <paramref name="seen"/>.</summary>
    public bool TryArm(ulong seen)
    {
        Volatile.Write(ref Armed, 1);
        Interlocked.MemoryBarrier();
        if (JournalEnd == seen)
        {
            return true;
        }

        Disarm();
        return false;
    }

    /// <summary>Daemon: no longer waiting.</summary>
    public void Disarm() => Volatile.Write(ref Armed, 0);

    /// <inheritdoc/>
    public void Dispose()
    {
        _view.SafeMemoryMappedViewHandle.ReleasePointer();
        _view.Dispose();
        _file.Dispose();
    }
}
