using System.Text.Json.Serialization;

namespace Tspm.Protocol.Messages;

/// <summary>Asks where points in time lie in a log.</summary>
public sealed record LocateRequest
{
    /// <summary>Most points of one request.</summary>
    public const int MaxTimes = 16;

    /// <summary>Asks for nothing.</summary>
    [JsonConstructor]
    public LocateRequest() { }

    /// <summary>The process.</summary>
    public required uint Id { get; init; }

    /// <summary>The log that is meant; if the process has another one now, it is refused as not-found. Null for any.</summary>
    public string? LogId { get; init; }

    /// <summary>The points, in units of 100 ns since 1970 UTC.</summary>
    public IReadOnlyList<long> Times { get; set; } = [];
}

/// <summary>Where they lie, one for each, in the same order.</summary>
/// <param name="Places">The position before the first entry that is not before the time.</param>
public sealed record LocateReply(IReadOnlyList<AfterPosition> Places);
