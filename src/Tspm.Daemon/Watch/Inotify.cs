using System.Runtime.InteropServices;
using System.Text;
using Microsoft.Win32.SafeHandles;

namespace Tspm.Daemon.Watch;

/// <summary>One inotify instance: the kernel tells of changes in the directories that were added.</summary>
/// <remarks>One for the whole daemon: a user has 128 instances by default, and every FileSystemWatcher takes one.</remarks>
internal sealed partial class Inotify : IDisposable
{
    /// <summary>No more room for watches (ENOSPC).</summary>
    public const int NoRoom = 28;

    /// <summary>No such directory (ENOENT).</summary>
    public const int NotThere = 2;

    /// <summary>It is no directory (ENOTDIR).</summary>
    public const int NoDirectory = 20;

    private const int NonBlock = 0x800;
    private const int CloseOnExec = 0x80000;
    private const int HeaderBytes = 16;
    private const int BufferBytes = 64 * 1024;
    private const short PollIn = 1;
    private readonly SafeFileHandle _file;
    private readonly SafeFileHandle _wake;
    private readonly byte[] _buffer = new byte[BufferBytes];

    /// <summary>Makes one.</summary>
    /// <exception cref="IOException">The user has too many; the message says what to do.</exception>
    public Inotify()
    {
        _file = new SafeFileHandle(inotify_init1(NonBlock | CloseOnExec), ownsHandle: true);
        if (_file.IsInvalid)
        {
            var reason = Marshal.GetLastPInvokeErrorMessage();
            throw new IOException(
                $"no more inotify instances ({reason}); the limit of this user is fs.inotify.max_user_instances = {ReadLimit("max_user_instances")}, "
                    + "raise it with: sudo sysctl fs.inotify.max_user_instances=512"
            );
        }

        _wake = new SafeFileHandle(eventfd(0, NonBlock | CloseOnExec), ownsHandle: true);
    }

    /// <summary>Watches a directory itself, not what is below it.</summary>
    /// <returns>Its number, the same for the same directory; or minus the errno.</returns>
    public int Add(string directory)
    {
        var number = inotify_add_watch(
            _file,
            directory,
            (uint)(FileEvents.Wanted | FileEvents.OnlyDirectory)
        );
        return number >= 0 ? number : -Marshal.GetLastPInvokeError();
    }

    /// <summary>Watches it no longer; nothing happens if the kernel has let it go already.</summary>
    public void Remove(int number) => _ = inotify_rm_watch(_file, number);

    /// <summary>Ends a wait; any thread.</summary>
    public unsafe void Wake()
    {
        ulong one = 1;
        _ = write(_wake, (byte*)&one, sizeof(ulong));
    }

    /// <summary>Waits until something has changed or somebody calls <see cref="Wake"/>.</summary>
    public unsafe void Wait()
    {
        var entries = stackalloc PollEntry[2];
        entries[0] = new PollEntry
        {
            Descriptor = (int)_file.DangerousGetHandle(),
            Events = PollIn,
        };
        entries[1] = new PollEntry
        {
            Descriptor = (int)_wake.DangerousGetHandle(),
            Events = PollIn,
        };
        _ = poll(entries, 2, -1);
        ulong count;
        _ = read(_wake, (byte*)&count, sizeof(ulong));
    }

    /// <summary>Reads what has changed so far.</summary>
    /// <param name="changed">Told of each.</param>
    /// <returns>False if there was nothing.</returns>
    public unsafe bool Read(Action<FileChange> changed)
    {
        nint length;
        fixed (byte* first = _buffer)
        {
            length = read(_file, first, BufferBytes);
        }

        for (var at = 0; at + HeaderBytes <= length; )
        {
            var head = _buffer.AsSpan(at);
            var nameBytes = (int)MemoryMarshal.Read<uint>(head[12..]);
            var name = head.Slice(HeaderBytes, nameBytes);
            var end = name.IndexOf((byte)0);
            changed(
                new FileChange(
                    MemoryMarshal.Read<int>(head),
                    (FileEvents)MemoryMarshal.Read<uint>(head[4..]),
                    Encoding.UTF8.GetString(end < 0 ? name : name[..end])
                )
            );
            at += HeaderBytes + nameBytes;
        }

        return length > 0;
    }

    /// <summary>One of the kernel's limits, as text.</summary>
    public static string ReadLimit(string name)
    {
        try
        {
            return File.ReadAllText($"/proc/sys/fs/inotify/{name}").Trim();
        }
        catch (IOException error)
        {
            return $"unknown ({error.Message})";
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _file.Dispose();
        _wake.Dispose();
    }

    [LibraryImport("libc", SetLastError = true)]
    private static partial nint inotify_init1(int flags);

    [LibraryImport("libc", SetLastError = true)]
    private static partial nint eventfd(uint first, int flags);

    [LibraryImport("libc", StringMarshalling = StringMarshalling.Utf8, SetLastError = true)]
    private static partial int inotify_add_watch(SafeFileHandle file, string path, uint mask);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int inotify_rm_watch(SafeFileHandle file, int number);

    [LibraryImport("libc", SetLastError = true)]
    private static unsafe partial nint read(SafeFileHandle file, byte* buffer, nuint length);

    [LibraryImport("libc", SetLastError = true)]
    private static unsafe partial nint write(SafeFileHandle file, byte* buffer, nuint length);

    [LibraryImport("libc", SetLastError = true)]
    private static unsafe partial int poll(PollEntry* entries, nuint count, int timeout);

    [StructLayout(LayoutKind.Sequential)]
    private struct PollEntry
    {
        public int Descriptor;
        public short Events;
        public short Returned;
    }
}

/// <summary>What the kernel tells.</summary>
/// <param name="Number">The number of the watch; −1 for the queue itself.</param>
/// <param name="Events">What happened.</param>
/// <param name="Name">To which name in the directory; empty for the directory itself.</param>
internal readonly record struct FileChange(int Number, FileEvents Events, string Name);

/// <summary>Bits of an inotify event.</summary>
[Flags]
internal enum FileEvents : uint
{
    /// <summary>Nothing.</summary>
    None = 0,

    /// <summary>A file that was open for writing was closed.</summary>
    Written = 0x8,

    /// <summary>A name has left.</summary>
    MovedFrom = 0x40,

    /// <summary>A name has come.</summary>
    MovedTo = 0x80,

    /// <summary>A name was made.</summary>
    Created = 0x100,

    /// <summary>A name was deleted.</summary>
    Deleted = 0x200,

    /// <summary>The directory was deleted.</summary>
    SelfDeleted = 0x400,

    /// <summary>The directory was moved.</summary>
    SelfMoved = 0x800,

    /// <summary>All that is asked for.</summary>
    Wanted = Written | MovedFrom | MovedTo | Created | Deleted | SelfDeleted | SelfMoved,

    /// <summary>Its file system has gone.</summary>
    Unmounted = 0x2000,

    /// <summary>The queue was full: changes are lost.</summary>
    Overflow = 0x4000,

    /// <summary>The kernel has let the watch go.</summary>
    Ignored = 0x8000,

    /// <summary>Add only what is a directory.</summary>
    OnlyDirectory = 0x0100_0000,

    /// <summary>The name is one of a directory.</summary>
    IsDirectory = 0x4000_0000,
}
