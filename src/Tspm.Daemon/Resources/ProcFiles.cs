using System.Buffers.Binary;
using System.Buffers.Text;
using System.Runtime.InteropServices;

namespace Tspm.Daemon.Resources;

/// <summary>Reads /proc with as little work as there can be: no string per program, one open, read and close each.</summary>
/// <remarks>One thread at a time. Whatever cannot be read is gone or not ours, and is told as missing.</remarks>
internal sealed unsafe partial class ProcFiles
{
    private const int CloseOnExec = 0x80000;
    private const int PathBytes = 64;
    private const int StatBytes = 1024;
    private const int RollupBytes = 2048;
    private const int MarkBytes = 128 * 1024;
    private const int NameBytes = 16 * 1024;

    private readonly byte[] _buffer = new byte[MarkBytes];
    private readonly byte[] _names = new byte[NameBytes];

    /// <summary>All programs there are now, zombies left out.</summary>
    public void ReadAll(List<ProgramStat> into)
    {
        into.Clear();
        var directory = Open("/proc\0"u8);
        if (directory < 0)
        {
            throw new IOException("/proc cannot be listed");
        }

        var length = 0;
        var at = 0;
        while (TryNextNumber(directory, ref at, ref length, out var pid))
        {
            if (TryReadStat(pid, out var stat) && !stat.IsZombie)
            {
                into.Add(stat);
            }
        }

        _ = close(directory);
    }

    /// <summary>One program.</summary>
    public bool TryReadStat(int pid, out ProgramStat stat)
    {
        stat = default;
        var length = Read(pid, "stat"u8, StatBytes);
        return length > 0 && ProgramStat.TryParse(pid, _buffer.AsSpan(0, length), out stat);
    }

    /// <summary>Proportional memory in bytes; −1 if it may not be read.</summary>
    public long ReadProportional(int pid)
    {
        var length = Read(pid, "smaps_rollup"u8, RollupBytes);
        var text = _buffer.AsSpan(0, Math.Max(0, length));
        var at = text.IndexOf("\nPss:"u8);
        if (at < 0)
        {
            return -1;
        }

        var number = text[(at + 5)..].TrimStart((byte)' ');
        return Utf8Parser.TryParse(number, out long kilobytes, out _) ? kilobytes * 1024 : -1;
    }

    /// <summary>How many files are open; −1 if they may not be read.</summary>
    public int CountOpen(int pid)
    {
        Span<byte> path = stackalloc byte[PathBytes];
        var directory = Open(path[..PathOf(pid, "fd"u8, path)]);
        if (directory < 0)
        {
            return -1;
        }

        var length = 0;
        var at = 0;
        var count = 0;
        while (TryNextNumber(directory, ref at, ref length, out _))
        {
            count++;
        }

        _ = close(directory);
        return count;
    }

    /// <summary>The mark of the run that a program was started in; empty if it has none that may be read.</summary>
    public Guid ReadMark(int pid)
    {
        var name = "TSPM_RUN="u8;
        var length = Read(pid, "environ"u8, MarkBytes);
        var text = _buffer.AsSpan(0, Math.Max(0, length));
        while (text.Length > 0)
        {
            var end = text.IndexOf((byte)0);
            var variable = end < 0 ? text : text[..end];
            if (variable.StartsWith(name))
            {
                return Utf8Parser.TryParse(variable[name.Length..], out Guid mark, out _)
                    ? mark
                    : default;
            }

            text = end < 0 ? [] : text[(end + 1)..];
        }

        return default;
    }

    /// <summary>The next entry of a directory whose name is a number: no string and no object per name, or per look.</summary>
    private bool TryNextNumber(int directory, ref int at, ref int length, out int number)
    {
        while (true)
        {
            if (at >= length)
            {
                at = 0;
                fixed (byte* names = _names)
                {
                    length = (int)getdents64(directory, names, NameBytes);
                }

                if (length <= 0)
                {
                    // Its end; or it is of a program that is gone.
                    number = 0;
                    return false;
                }
            }

            // struct linux_dirent64: u64 inode, i64 offset, u16 length of the record, u8 type, the name and a NUL.
            var record = _names.AsSpan(
                at,
                BinaryPrimitives.ReadUInt16LittleEndian(_names.AsSpan(at + 16))
            );
            at += record.Length;
            var name = record[19..];
            name = name[..name.IndexOf((byte)0)];
            if (Utf8Parser.TryParse(name, out number, out var digits) && digits == name.Length)
            {
                return true;
            }
        }
    }

    /// <summary>Writes "/proc/PID/FILE" and a NUL.</summary>
    /// <returns>Its length with the NUL.</returns>
    private static int PathOf(int pid, ReadOnlySpan<byte> file, Span<byte> path)
    {
        "/proc/"u8.CopyTo(path);
        _ = Utf8Formatter.TryFormat(pid, path[6..], out var digits);
        path[6 + digits] = (byte)'/';
        file.CopyTo(path[(7 + digits)..]);
        path[7 + digits + file.Length] = 0;
        return 8 + digits + file.Length;
    }

    /// <param name="path">With a NUL at its end.</param>
    private static int Open(ReadOnlySpan<byte> path)
    {
        fixed (byte* text = path)
        {
            return open(text, CloseOnExec, 0);
        }
    }

    private int Read(int pid, ReadOnlySpan<byte> file, int most)
    {
        Span<byte> path = stackalloc byte[PathBytes];
        var descriptor = Open(path[..PathOf(pid, file, path)]);
        if (descriptor < 0)
        {
            return -1;
        }

        var length = 0;
        fixed (byte* buffer = _buffer)
        {
            nint got;
            while (
                length < most
                && (got = read(descriptor, buffer + length, (nuint)(most - length))) > 0
            )
            {
                length += (int)got;
                if (most == StatBytes)
                {
                    // A stat file comes whole.
                    break;
                }
            }
        }

        _ = close(descriptor);
        return length;
    }

    [LibraryImport("libc")]
    private static partial int open(byte* path, int flags, uint mode);

    [LibraryImport("libc")]
    private static partial nint read(int file, byte* buffer, nuint length);

    [LibraryImport("libc")]
    private static partial nint getdents64(int directory, byte* entries, nuint length);

    [LibraryImport("libc")]
    private static partial int close(int file);
}
