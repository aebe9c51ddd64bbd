using System.Globalization;
using System.Text;

namespace Tspm.CaptureLog;

/// <summary>What <c>/proc/&lt;pid&gt;/stat</c> tells about the identity of a process.</summary>
/// <param name="Pid">Its pid.</param>
/// <param name="State">One letter; Z is a zombie.</param>
/// <param name="Session">Its session.</param>
/// <param name="StartTime">Field 22, clock ticks since boot; with the pid and the boot, an identity.</param>
/// <param name="WaitStatus">Field 52, of a zombie.</param>
/// <param name="CpuTicks">Fields 14 and 15, its own CPU time, a hundred to a second.</param>
public readonly record struct ProcessStat(
    int Pid,
    char State,
    int Session,
    ulong StartTime,
    int WaitStatus,
    ulong CpuTicks
)
{
    // Counted from the state, which is field 3.
    private const int SessionAt = 3;
    private const int UserTimeAt = 11;
    private const int SystemTimeAt = 12;
    private const int StartTimeAt = 19;
    private const int ExitCodeAt = 49;

    /// <summary>True if it has ended and only waits to be reaped.</summary>
    public bool IsZombie => State is 'Z' or 'X';

    /// <summary>Reads it; null if there is no such process.</summary>
    public static ProcessStat? Read(int pid)
    {
        try
        {
            var path = string.Create(CultureInfo.InvariantCulture, $"/proc/{pid}/stat");
            return Parse(pid, File.ReadAllText(path, Encoding.Latin1));
        }
        catch (IOException)
        {
            // It is gone (ENOENT, ESRCH).
            return null;
        }
        catch (UnauthorizedAccessException)
        {
            return null;
        }
    }

    /// <summary>Reads the text. The name stands in brackets and may hold anything, brackets too.</summary>
    internal static ProcessStat? Parse(int pid, string text)
    {
        var close = text.LastIndexOf(')');
        var fields =
            close < 0 ? [] : text[(close + 1)..].Split(' ', StringSplitOptions.RemoveEmptyEntries);
        var culture = CultureInfo.InvariantCulture;
        return
            fields.Length > ExitCodeAt
            && int.TryParse(fields[SessionAt], culture, out var session)
            && ulong.TryParse(fields[StartTimeAt], culture, out var startTime)
            && int.TryParse(fields[ExitCodeAt], culture, out var status)
            && ulong.TryParse(fields[UserTimeAt], culture, out var userTime)
            && ulong.TryParse(fields[SystemTimeAt], culture, out var systemTime)
            ? new ProcessStat(pid, fields[0][0], session, startTime, status, userTime + systemTime)
            : null;
    }
}
