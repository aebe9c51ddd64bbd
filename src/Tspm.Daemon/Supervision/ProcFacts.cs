using System.Globalization;
using System.Text;

namespace Tspm.Daemon.Supervision;

/// <summary>What <c>/proc/&lt;pid&gt;/stat</c> tells of a living process.</summary>
/// <param name="Pid">Its pid.</param>
/// <param name="ParentPid">Its parent.</param>
/// <param name="Group">Its process group.</param>
/// <param name="State">One letter; Z is a zombie.</param>
/// <param name="CpuTicks">User and system time, clock ticks of 10 ms.</param>
/// <param name="StartTime">Clock ticks since boot; with the pid, an identity.</param>
/// <param name="ResidentBytes">Resident memory.</param>
internal readonly record struct ProcFacts(
    int Pid,
    int ParentPid,
    int Group,
    char State,
    long CpuTicks,
    ulong StartTime,
    long ResidentBytes
)
{
    /// <summary>Clock ticks per second; fixed at 100 on every Linux that .NET runs on.</summary>
    public const int TicksPerSecond = 100;

    private const int MaxCommandLine = 256;

    /// <summary>True if it has ended and only waits to be reaped.</summary>
    public bool IsZombie => State is 'Z' or 'X';

    /// <summary>Reads the facts; null if there is no such process any more.</summary>
    public static ProcFacts? Read(int pid)
    {
        try
        {
            var text = File.ReadAllText(
                string.Create(CultureInfo.InvariantCulture, $"/proc/{pid}/stat"),
                Encoding.Latin1
            );
            return Parse(pid, text);
        }
        catch (IOException)
        {
            // It ended between two looks (ENOENT, ESRCH).
            return null;
        }
        catch (UnauthorizedAccessException)
        {
            return null;
        }
    }

    /// <summary>Reads the text of a stat file. The name stands in brackets and may hold anything, brackets too.</summary>
    public static ProcFacts? Parse(int pid, string stat)
    {
        var close = stat.LastIndexOf(')');
        if (close < 0)
        {
            return null;
        }

        var fields = stat[(close + 1)..].Split(' ', StringSplitOptions.RemoveEmptyEntries);
        const int fieldsNeeded = 22;
        if (fields.Length < fieldsNeeded)
        {
            return null;
        }

        return new ProcFacts(
            pid,
            int.Parse(fields[1], CultureInfo.InvariantCulture),
            int.Parse(fields[2], CultureInfo.InvariantCulture),
            fields[0][0],
            long.Parse(fields[11], CultureInfo.InvariantCulture)
                + long.Parse(fields[12], CultureInfo.InvariantCulture),
            ulong.Parse(fields[19], CultureInfo.InvariantCulture),
            long.Parse(fields[21], CultureInfo.InvariantCulture) * Environment.SystemPageSize
        );
    }

    /// <summary>The command line with blanks between the arguments; its name in brackets where there is none.</summary>
    public static string ReadCommandLine(int pid)
    {
        try
        {
            var bytes = ReadBounded(pid, "cmdline", MaxCommandLine);
            if (bytes.Length == 0)
            {
                // A kernel thread, or one that has ended and waits to be reaped.
                var name = Encoding.UTF8.GetString(ReadBounded(pid, "comm", MaxCommandLine));
                bytes = Encoding.UTF8.GetBytes($"[{name.TrimEnd('\n')}]");
            }

            var text = Encoding.UTF8.GetString(bytes).TrimEnd('\0').Replace('\0', ' ');
            return new string([.. text.Select(c => char.IsControl(c) ? '?' : c)]);
        }
        catch (IOException)
        {
            return "";
        }
        catch (UnauthorizedAccessException)
        {
            return "";
        }
    }

    /// <summary>At most so many bytes of a file of the process.</summary>
    /// <exception cref="IOException">The process is gone.</exception>
    /// <exception cref="UnauthorizedAccessException">It is another user's, or not dumpable.</exception>
    public static byte[] ReadBounded(int pid, string file, int maxBytes)
    {
        var buffer = new byte[maxBytes];
        return buffer[..ReadInto(pid, file, buffer)];
    }

    /// <summary>What there is room for of a file of the process.</summary>
    /// <returns>How many bytes.</returns>
    /// <exception cref="IOException">The process is gone.</exception>
    /// <exception cref="UnauthorizedAccessException">It is another user's, or not dumpable.</exception>
    public static int ReadInto(int pid, string file, Span<byte> buffer)
    {
        var path = string.Create(CultureInfo.InvariantCulture, $"/proc/{pid}/{file}");
        using var stream = new FileStream(
            path,
            FileMode.Open,
            FileAccess.Read,
            FileShare.ReadWrite,
            1
        );
        return stream.ReadAtLeast(buffer, buffer.Length, throwOnEndOfStream: false);
    }

    /// <summary>All pids there are now.</summary>
    public static IEnumerable<int> AllPids() =>
        Directory
            .EnumerateDirectories("/proc")
            .Select(path =>
                int.TryParse(
                    Path.GetFileName(path),
                    NumberStyles.None,
                    CultureInfo.InvariantCulture,
                    out var pid
                )
                    ? pid
                    : 0
            )
            .Where(pid => pid > 0);
}
