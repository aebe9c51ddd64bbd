using System.Buffers.Binary;
using System.Runtime.InteropServices;

namespace Tspm.Keeper.Interop;

/// <summary>What the file system says of a file and of its own room.</summary>
/// <param name="Inode">Which file a name means.</param>
/// <param name="Size">Its bytes.</param>
internal readonly unsafe partial record struct FileFacts(ulong Inode, long Size)
{
    private const int AtCurrentDirectory = -100;
    private const int NoFollow = 0x100;
    private const int EmptyPath = 0x1000;
    private const uint InodeAndSize = 0x300;
    private const int StatBytes = 256;
    private const int InodeAt = 32;
    private const int SizeAt = 40;
    private const int VolumeLongs = 16;
    private const int SeekData = 3;
    private const int SeekHole = 4;

    /// <summary>What a name means now; false if nothing.</summary>
    public static bool TryRead(string path, out FileFacts facts)
    {
        var stat = stackalloc byte[StatBytes];
        var isThere = statx(AtCurrentDirectory, path, NoFollow, InodeAndSize, stat) == 0;
        facts = isThere ? Parse(stat) : default;
        return isThere;
    }

    /// <summary>What an open file is.</summary>
    public static FileFacts Read(int file)
    {
        var stat = stackalloc byte[StatBytes];
        return statx(file, "", EmptyPath, InodeAndSize, stat) == 0 ? Parse(stat) : default;
    }

    /// <summary>How many names an open file has; 0 if it was deleted, −1 if that cannot be told.</summary>
    public static int CountNames(int file)
    {
        const uint names = 0x4;
        const int namesAt = 16;
        var stat = stackalloc byte[StatBytes];
        return statx(file, "", EmptyPath, names, stat) == 0 ? *(int*)(stat + namesAt) : -1;
    }

    /// <summary>Bytes that we may still write to the file system of a file, and its size; false if it does not tell.</summary>
    public static bool TryReadVolume(int file, out long free, out long size)
    {
        const int fragmentAt = 1;
        const int blocksAt = 2;
        const int availableAt = 4;
        var volume = stackalloc ulong[VolumeLongs];
        var isTold = fstatvfs(file, volume) == 0 && volume[blocksAt] > 0;
        free = (long)Math.Min(long.MaxValue, volume[fragmentAt] * volume[availableAt]);
        size = (long)Math.Min(long.MaxValue, volume[fragmentAt] * volume[blocksAt]);
        return isTold;
    }

    /// <summary>Where the first hole at or after a place begins; the file's end if there is none, −1 if it cannot be told.</summary>
    public static long FindHole(int file, long from) => lseek(file, from, SeekHole);

    /// <summary>Where the data after a hole begin; −1 if there are none.</summary>
    public static long FindData(int file, long from) => lseek(file, from, SeekData);

    private static FileFacts Parse(byte* stat) =>
        new(
            BinaryPrimitives.ReadUInt64LittleEndian(new ReadOnlySpan<byte>(stat + InodeAt, 8)),
            BinaryPrimitives.ReadInt64LittleEndian(new ReadOnlySpan<byte>(stat + SizeAt, 8))
        );

    [LibraryImport("libc", StringMarshalling = StringMarshalling.Utf8, SetLastError = true)]
    private static partial int statx(
        int directory,
        string path,
        int flags,
        uint mask,
        byte* buffer
    );

    [LibraryImport("libc", SetLastError = true)]
    private static partial int fstatvfs(int file, ulong* buffer);

    [LibraryImport("libc", SetLastError = true)]
    private static partial long lseek(int file, long offset, int whence);
}
