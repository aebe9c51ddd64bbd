namespace Tspm.CaptureLog;

/// <summary>How large the data files of a process become, and what happens when there is no room (docs/capture-log.md section 2).</summary>
/// <param name="FileBytes">A file that holds as much is followed by a new one.</param>
/// <param name="MaxBytes">All of them together; the keeper lets one file more be there, so that the daemon comes first.</param>
/// <param name="MustBlock">Without room the program waits; else the oldest goes.</param>
public sealed record LogFileRules(ulong FileBytes, ulong MaxBytes, bool MustBlock)
{
    private const ulong BlockBit = 1ul << 63;
    private const ulong Mebibyte = 1024 * 1024;

    /// <summary>64 MiB a file, 512 MiB in all, the oldest goes.</summary>
    public static readonly LogFileRules Default = new(64 * Mebibyte, 512 * Mebibyte, false);

    /// <summary>True if a keeper can go by them.</summary>
    public bool IsSane =>
        FileBytes is > 0 and <= long.MaxValue / 4 && MaxBytes is > 0 and <= long.MaxValue / 4;

    /// <summary>As two fields of a record; both are never 0.</summary>
    public (ulong FileBytes, ulong Room) Pack() =>
        (FileBytes, MaxBytes | (MustBlock ? BlockBit : 0));

    /// <summary>From two fields of a record; null if they tell nothing.</summary>
    public static LogFileRules? Unpack(ulong fileBytes, ulong room)
    {
        var rules = new LogFileRules(fileBytes, room & ~BlockBit, (room & BlockBit) != 0);
        return rules.IsSane ? rules : null;
    }

    /// <summary>What the keeper lets the files of the process hold.</summary>
    public long Cap => (long)(MaxBytes + FileBytes);
}
