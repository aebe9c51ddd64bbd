namespace Tspm.Logs;

/// <summary>The limits of a log.</summary>
public sealed record LogStoreOptions
{
    /// <summary>Entries in the ring, 16 to 1,000,000.</summary>
    public int RingEntries { get; init; } = 10_000;

    /// <summary>Bytes in the ring, 64 KiB to 1 GiB.</summary>
    public long RingBytes { get; init; } = 16 * 1024 * 1024;

    /// <summary>Bytes of the longest entry, 64 to 256 KiB; a longer line becomes several.</summary>
    public int MaxEntryBytes { get; init; } = 32 * 1024;

    /// <summary>An unfinished line is shown after this much silence.</summary>
    public TimeSpan IdleFlush { get; init; } = TimeSpan.FromMilliseconds(250);

    /// <summary>What is done with bare carriage returns.</summary>
    public ProgressMode Progress { get; init; } = ProgressMode.Collapse;

    /// <summary>The least time between two progress entries of one stream.</summary>
    public TimeSpan ProgressInterval { get; init; } = TimeSpan.FromMilliseconds(250);

    /// <summary>Bytes scanned at once, 4 KiB to 1 MiB, besides an unfinished line.</summary>
    public int ScanBytes { get; init; } = 256 * 1024;

    /// <summary>Newest spans kept in memory, 16 to 65,536.</summary>
    public int CachedSpans { get; init; } = 256;

    /// <summary>Bytes at which an index file is followed by a new one, 64 KiB to 1 GiB.</summary>
    public long IndexFileBytes { get; init; } = 16 * 1024 * 1024;

    /// <summary>Checks the limits.</summary>
    /// <exception cref="ArgumentOutOfRangeException">One is outside its range; the message names it.</exception>
    public LogStoreOptions Validate()
    {
        Check(RingEntries, 16, 1_000_000, nameof(RingEntries));
        Check(RingBytes, 64 * 1024, 1L << 30, nameof(RingBytes));
        Check(MaxEntryBytes, 64, 256 * 1024, nameof(MaxEntryBytes));
        Check(ScanBytes, 4 * 1024, 1024 * 1024, nameof(ScanBytes));
        Check(CachedSpans, 16, 65_536, nameof(CachedSpans));
        Check(IndexFileBytes, 64 * 1024, 1L << 30, nameof(IndexFileBytes));
        return this;
    }

    private static void Check(long value, long least, long most, string name)
    {
        if (value < least || value > most)
        {
            throw new ArgumentOutOfRangeException(name, value, $"{name} must be {least} to {most}");
        }
    }
}

/// <summary>What is done with bare carriage returns, as progress bars use them.</summary>
public enum ProgressMode
{
    /// <summary>The newest text counts; the others are counted, not kept as entries.</summary>
    Collapse,

    /// <summary>Every text is an entry.</summary>
    Keep,
}
