using System.Buffers.Text;
using System.Globalization;
using System.IO.Enumeration;
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

    private static readonly EnumerationOptions Plain = new()
    {
        IgnoreInaccessible = true,
        AttributesToSkip = 0,
    };

    private readonly byte[] _buffer = new byte[MarkBytes];

    /// <summary>All programs there are now, zombies left out.</summary>
    public void ReadAll(List<ProgramStat> into)
    {
        into.Clear();
        foreach (var pid in Numbers("/proc"))
        {
            if (TryReadStat(pid, out var stat) && !stat.IsZombie)
            {
                into.Add(stat);
            }
        }
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
    public static int CountOpen(int pid)
    {
        try
        {
            return Numbers(string.Create(CultureInfo.InvariantCulture, $"/proc/{pid}/fd")).Count();
        }
        catch (IOException)
        {
            return -1;
        }
        catch (UnauthorizedAccessException)
        {
            return -1;
        }
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

    private static FileSystemEnumerable<int> Numbers(string directory) =>
        new(directory, Number, Plain) { ShouldIncludePredicate = IsNumber };

    private static int Number(ref FileSystemEntry entry) =>
        int.TryParse(entry.FileName, NumberStyles.None, CultureInfo.InvariantCulture, out var pid)
            ? pid
            : -1;

    private static bool IsNumber(ref FileSystemEntry entry) => Number(ref entry) >= 0;

    private int Read(int pid, ReadOnlySpan<byte> file, int most)
    {
        var path = stackalloc byte[PathBytes];
        var text = new Span<byte>(path, PathBytes);
        "/proc/"u8.CopyTo(text);
        _ = Utf8Formatter.TryFormat(pid, text[6..], out var digits);
        text[6 + digits] = (byte)'/';
        file.CopyTo(text[(7 + digits)..]);
        text[7 + digits + file.Length] = 0;
        var descriptor = open(path, CloseOnExec, 0);
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
    private static partial int close(int file);
}
