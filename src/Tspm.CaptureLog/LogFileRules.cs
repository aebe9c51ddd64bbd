namespace Tspm.CaptureLog;

/// <summary>How large the data files of a process become, and what happens when there is no room (docs/capture-log.md section 2).</summary>
/// <param name="FileBytes">A file that holds as much is followed by a new one.</param>
/// <param name="MaxBytes">All of them together; the keeper lets one file more be there, so that the daemon comes first.</param>
/// <param name="MustBlock">Without room the program waits; else the oldest goes.</param>
public sealed record LogFileRules(ulong FileBytes, ulong MaxBytes, bool MustBlock)
{
    private const ulong Mebibyte = 1024 * 1024;

    /// <summary>64 MiB a file, 512 MiB in all, the oldest goes.</summary>
    public static readonly LogFileRules Default = new(64 * Mebibyte, 512 * Mebibyte, false);

    /// <summary>True if a keeper can go by them.</summary>
    public bool IsSane =>
        FileBytes is > 0 and <= long.MaxValue / 4 && MaxBytes is > 0 and <= long.MaxValue / 4;

    /// <summary>What the keeper lets the files of the process hold.</summary>
    public long Cap => (long)(MaxBytes + FileBytes);
}
