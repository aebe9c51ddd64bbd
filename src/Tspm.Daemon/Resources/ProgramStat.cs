using System.Buffers.Text;

namespace Tspm.Daemon.Resources;

/// <summary>What /proc/PID/stat tells of a program, as far as it is sampled.</summary>
/// <param name="Pid">Its pid.</param>
/// <param name="Parent">Its parent.</param>
/// <param name="Session">Its session.</param>
/// <param name="State">One letter.</param>
/// <param name="Ticks">CPU time of it and of the children it has reaped, clock ticks.</param>
/// <param name="Threads">How many threads it has.</param>
/// <param name="StartTime">Clock ticks since boot; with the pid it names a process for good.</param>
/// <param name="Pages">Resident pages.</param>
internal readonly record struct ProgramStat(
    int Pid,
    int Parent,
    int Session,
    byte State,
    long Ticks,
    int Threads,
    ulong StartTime,
    long Pages
)
{
    private const int FieldOfParent = 4;
    private const int FieldOfSession = 6;
    private const int FieldOfUserTime = 14;
    private const int FieldOfReapedSystemTime = 17;
    private const int FieldOfThreads = 20;
    private const int FieldOfStart = 22;
    private const int FieldOfPages = 24;

    /// <summary>True if it has ended and only waits to be reaped.</summary>
    public bool IsZombie => State is (byte)'Z' or (byte)'X';

    /// <summary>Reads the bytes of a stat file; false if they are none. The name stands in brackets and may hold anything.</summary>
    public static bool TryParse(int pid, ReadOnlySpan<byte> text, out ProgramStat stat)
    {
        stat = default;
        var close = text.LastIndexOf((byte)')');
        if (close < 0)
        {
            return false;
        }

        // Raw input after the name: " S 7 8 9 0 -1 4194304 1 2 3 4 50 60 5 6 20 0 3 0 12345 999 77 0 …"
        Span<long> fields = stackalloc long[FieldOfPages + 1];
        var rest = text[(close + 1)..].TrimStart((byte)' ');
        var state = rest.Length > 0 ? rest[0] : (byte)0;
        rest = rest.Length > 0 ? rest[1..] : rest;
        for (var field = FieldOfParent; field <= FieldOfPages; field++)
        {
            rest = rest.TrimStart((byte)' ');
            if (!Utf8Parser.TryParse(rest, out fields[field], out var used) || used == 0)
            {
                return false;
            }

            rest = rest[used..];
        }

        long ticks = 0;
        foreach (var part in fields[FieldOfUserTime..(FieldOfReapedSystemTime + 1)])
        {
            ticks += part;
        }

        stat = new ProgramStat(
            pid,
            (int)fields[FieldOfParent],
            (int)fields[FieldOfSession],
            state,
            ticks,
            (int)fields[FieldOfThreads],
            (ulong)fields[FieldOfStart],
            fields[FieldOfPages]
        );
        return true;
    }
}
