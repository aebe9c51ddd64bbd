namespace Tspm.Protocol.Messages;

/// <summary>Which files a process is restarted for when they change.</summary>
public sealed record WatchSpec
{
    /// <summary>The most paths.</summary>
    public const int MaxPaths = 32;

    /// <summary>The most patterns.</summary>
    public const int MaxPatterns = 200;

    private const int MaxPatternLength = 1_000;
    private const int MaxDebounceMs = 60_000;

    /// <summary>Directories (with all below) and files, absolute.</summary>
    public required IReadOnlyList<string> Paths { get; init; }

    /// <summary>What does not count, as lines of a .gitignore at each path; the last that matches holds.</summary>
    public IReadOnlyList<string> Ignore { get; set; } = [];

    /// <summary>How long nothing must change before the restart, ms.</summary>
    public int DebounceMs { get; set; } = 300;

    /// <summary>The .gitignore files of the directories hold too.</summary>
    public bool GitIgnore { get; set; } = true;

    /// <summary>What is wrong; null if nothing is.</summary>
    public string? FindFault() =>
        Paths.Count is 0 or > MaxPaths
            ? $"{Paths.Count} watched paths are not within 1 to {MaxPaths}"
        : Paths.FirstOrDefault(path => !path.StartsWith('/')) is { } relative
            ? $"the watched path \"{relative}\" is not absolute"
        : Paths.Any(path => path.Contains('\0')) ? "a watched path holds a NUL character"
        : Ignore.Count > MaxPatterns
            ? $"{Ignore.Count} ignored patterns are more than {MaxPatterns}"
        : Ignore.Any(pattern => pattern.Length > MaxPatternLength)
            ? $"an ignored pattern has more than {MaxPatternLength} characters"
        : DebounceMs is < 0 or > MaxDebounceMs
            ? $"a pause of {DebounceMs} ms after a change is not within 0 to 60 s"
        : null;
}
