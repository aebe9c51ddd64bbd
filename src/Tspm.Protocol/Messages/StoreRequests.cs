using System.Text.Json.Serialization;

namespace Tspm.Protocol.Messages;

/// <summary>Take stored entries from the disk; their numbers stay, and readers are told <c>flushed</c>.</summary>
public sealed record FlushRequest
{
    /// <summary>Flushes nothing.</summary>
    [JsonConstructor]
    public FlushRequest() { }

    /// <summary>Which processes; must not be empty.</summary>
    public IReadOnlyList<string> Select { get; set; } = [];

    /// <summary>Only what is from before this time, in units of 100 ns since 1970 UTC; null for all.</summary>
    public long? Before { get; init; }
}

/// <summary>What went.</summary>
/// <param name="Results">By id.</param>
public sealed record FlushReply(IReadOnlyList<FlushResult> Results);

/// <summary>What went of one log.</summary>
/// <param name="Id">The process.</param>
/// <param name="Ns">Its namespace.</param>
/// <param name="Name">Its name.</param>
/// <param name="Entries">Entries that went.</param>
/// <param name="Bytes">Bytes of disk that went.</param>
/// <param name="Error">Why it was not done; null if it was.</param>
public sealed record FlushResult(
    uint Id,
    string Ns,
    string Name,
    long Entries,
    long Bytes,
    string? Error
);

/// <summary>The answer to verify.</summary>
/// <param name="Logs">By id.</param>
public sealed record VerifyReply(IReadOnlyList<VerifiedLog> Logs);

/// <summary>What is stored of a log, against its checksums.</summary>
/// <param name="Id">The process.</param>
/// <param name="Ns">Its namespace.</param>
/// <param name="Name">Its name.</param>
/// <param name="Entries">Entries that the index has.</param>
/// <param name="Bytes">Bytes that were checked.</param>
/// <param name="IsDamaged">Something is not as it was written, and nobody asked for that.</param>
/// <param name="Problems">What is wrong with its files.</param>
/// <param name="Findings">What is missing or damaged.</param>
public sealed record VerifiedLog(
    uint Id,
    string Ns,
    string Name,
    long Entries,
    long Bytes,
    bool IsDamaged,
    IReadOnlyList<string> Problems,
    IReadOnlyList<VerifiedRange> Findings
);

/// <summary>A range of entries that is not as it was written.</summary>
/// <param name="From">First seq.</param>
/// <param name="To">Last seq.</param>
/// <param name="Reason">One of the gap reasons.</param>
/// <param name="IsDamage">True if neither retention nor a flush nor a policy took it.</param>
/// <param name="What">In words.</param>
public sealed record VerifiedRange(long From, long To, string Reason, bool IsDamage, string What);
