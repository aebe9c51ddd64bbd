using System.Buffers.Binary;
using System.Runtime.InteropServices;

namespace Tspm.CaptureLog;

/// <summary>Makes the directories of a home, and refuses those that are not safely ours.</summary>
/// <remarks>Who can write the home can run programs as its user, so it must be ours alone; nothing is ever "repaired".</remarks>
public static partial class HomeGuard
{
    private const int AtCurrentDirectory = -100;
    private const int NoFollow = 0x100;
    private const uint WantedMask = 0x0F;
    private const uint IdentityMask = 0x0900;
    private const int InodeAt = 32;
    private const int BirthAt = 80;
    private const int StatBytes = 256;
    private const int UidAt = 20;
    private const int ModeAt = 28;
    private const int TypeMask = 0xF000;
    private const int DirectoryType = 0x4000;
    private const int OthersMask = 0x3F;
    private const UnixFileMode OwnerOnly =
        UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;

    /// <summary>The user we act as.</summary>
    internal static uint Me => geteuid();

    /// <summary>Makes the home's directories, 0700 from their first moment, and checks them.</summary>
    /// <returns>Null if all is well; else the fact that forbids it, for people.</returns>
    /// <exception cref="IOException">A directory cannot be made.</exception>
    /// <exception cref="UnauthorizedAccessException">A directory may not be made.</exception>
    public static string? Prepare(HomePaths home)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(home.Root) ?? "/");
        foreach (var directory in new[] { home.Root, home.Machine, home.Journal, home.Processes })
        {
            Directory.CreateDirectory(directory, OwnerOnly);
            if (FindFault(directory) is { } fault)
            {
                return fault;
            }
        }

        return null;
    }

    /// <summary>What forbids the use of a directory; null if nothing does, or it is not there.</summary>
    public static string? FindFault(string directory)
    {
        Span<byte> stat = stackalloc byte[StatBytes];
        if (!TryStat(directory, stat))
        {
            return null;
        }

        var mode = BinaryPrimitives.ReadUInt16LittleEndian(stat[ModeAt..]);
        var uid = BinaryPrimitives.ReadUInt32LittleEndian(stat[UidAt..]);
        var me = geteuid();
        if ((mode & TypeMask) != DirectoryType)
        {
            return $"{directory} is not a directory (a link is not followed)";
        }

        if (uid != me)
        {
            return $"{directory} belongs to user {uid}, not to you (user {me})";
        }

        var octal = Convert.ToString(mode & 0x1FF, 8);
        return (mode & OthersMask) != 0
            ? $"{directory} is open to others (mode {octal}); it must be 700"
            : null;
    }

    /// <summary>The user that owns a path; null if it is not there.</summary>
    public static uint? OwnerOf(string path)
    {
        Span<byte> stat = stackalloc byte[StatBytes];
        return TryStat(path, stat) ? BinaryPrimitives.ReadUInt32LittleEndian(stat[UidAt..]) : null;
    }

    /// <summary>Which file a path is: major and minor number of its device, and its number there; null if it is not there.</summary>
    public static (uint Major, uint Minor, ulong Inode)? PlaceOf(string path)
    {
        const int majorAt = 136;
        const int minorAt = 140;
        Span<byte> stat = stackalloc byte[StatBytes];
        return TryStat(path, stat, IdentityMask)
            ? (
                BinaryPrimitives.ReadUInt32LittleEndian(stat[majorAt..]),
                BinaryPrimitives.ReadUInt32LittleEndian(stat[minorAt..]),
                BinaryPrimitives.ReadUInt64LittleEndian(stat[InodeAt..])
            )
            : null;
    }

    /// <summary>What tells a directory from any other that had or will have its name: inode and birth time.</summary>
    internal static string BirthOf(string path)
    {
        Span<byte> stat = stackalloc byte[StatBytes];
        return TryStat(path, stat, IdentityMask)
            ? $"{BinaryPrimitives.ReadUInt64LittleEndian(stat[InodeAt..])} "
                + $"{BinaryPrimitives.ReadInt64LittleEndian(stat[BirthAt..])}."
                + $"{BinaryPrimitives.ReadUInt32LittleEndian(stat[(BirthAt + sizeof(long))..])}"
            : "";
    }

    private static unsafe bool TryStat(string path, Span<byte> stat, uint mask = WantedMask)
    {
        stat.Clear();
        fixed (byte* buffer = stat)
        {
            return statx(AtCurrentDirectory, path, NoFollow, mask, buffer) == 0;
        }
    }

    [LibraryImport("libc", StringMarshalling = StringMarshalling.Utf8, SetLastError = true)]
    private static unsafe partial int statx(
        int directory,
        string path,
        int flags,
        uint mask,
        byte* buffer
    );

    [LibraryImport("libc")]
    private static partial uint geteuid();
}
