namespace Tspm.Protocol.Messages;

/// <summary>How much of a process's output is kept on disk, and what happens when there is no room for more.</summary>
public sealed record LogFileSpec
{
    private const long Kibibyte = 1024;
    private const long Tebibyte = Kibibyte * Kibibyte * Kibibyte * Kibibyte;
    private const long LongestAgeMs = 100L * 366 * 86_400_000;

    /// <summary>A data file that holds as many bytes is followed by a new one; 4 KiB to 1 TiB.</summary>
    public long FileBytes { get; set; } = 64 * Kibibyte * Kibibyte;

    /// <summary>Data and index together; the oldest files go first. 4 KiB to 1,024 TiB, at least <see cref="FileBytes"/>.</summary>
    public long MaxBytes { get; set; } = 512 * Kibibyte * Kibibyte;

    /// <summary>Files whose newest entry is older go, ms; 0: none goes by age.</summary>
    public long MaxAgeMs { get; set; } = 30L * 86_400_000;

    /// <summary><c>drop</c>: the oldest goes, and is told as a gap. <c>block</c>: the program waits until there is room.</summary>
    public string OnPressure { get; set; } = PressurePolicies.Drop;

    /// <summary>What is wrong with it, for people; null if nothing is.</summary>
    public string? FindFault() =>
        FileBytes is < 4 * Kibibyte or > Tebibyte
            ? $"a log file of {FileBytes} bytes is not within 4 KiB to 1 TiB"
        : MaxBytes < FileBytes || MaxBytes > Kibibyte * Tebibyte
            ? $"{MaxBytes} bytes of log are not within the size of one file ({FileBytes}) to 1,024 TiB"
        : MaxAgeMs is < 0 or > LongestAgeMs
            ? $"a log age of {MaxAgeMs} ms is not within 0 to 100 years"
        : !PressurePolicies.All.Contains(OnPressure)
            ? $"\"{OnPressure}\" is not one of {string.Join(", ", PressurePolicies.All)}"
        : null;
}

/// <summary>What happens when there is no room for more output.</summary>
public static class PressurePolicies
{
    /// <summary>The oldest goes.</summary>
    public const string Drop = "drop";

    /// <summary>The program waits.</summary>
    public const string Block = "block";

    /// <summary>All of them.</summary>
    public static readonly IReadOnlyList<string> All = [Drop, Block];
}
