namespace Tspm.Logs.Archive;

/// <summary>What a verification found.</summary>
public sealed class VerifyReport
{
    private readonly List<VerifyFinding> _findings = [];

    /// <summary>The log's identity; all zeroes if it has no good index.</summary>
    public Guid LogId { get; init; }

    /// <summary>Entries in the index.</summary>
    public long Entries { get; internal set; }

    /// <summary>Bytes of output that they tell of.</summary>
    public long Bytes { get; internal set; }

    /// <summary>Batches whose own checksum holds.</summary>
    public long Batches { get; internal set; }

    /// <summary>Batches whose bytes could not be compared, since retention took a part of them.</summary>
    public long UncheckedBatches { get; internal set; }

    /// <summary>What is wrong with files as a whole, in words.</summary>
    public IReadOnlyList<string> Problems { get; init; } = [];

    /// <summary>What is missing or damaged, in the order of seq.</summary>
    public IReadOnlyList<VerifyFinding> Findings => _findings;

    /// <summary>True if a checksum does not hold, or files are not what they should be.</summary>
    public bool IsDamaged => Problems.Count > 0 || _findings.Exists(finding => finding.IsDamage);

    internal void AddHole(long from, long to, HoleReason reason)
    {
        if (from <= to)
        {
            Add(new VerifyFinding(from, to, reason, reason == HoleReason.Corrupt, "missing"));
        }
    }

    internal void AddDamage(long from, long to, bool isGone) =>
        Add(
            new VerifyFinding(
                from,
                to,
                HoleReason.Corrupt,
                true,
                isGone
                    ? "bytes are not in the files any more"
                    : "bytes are not those that were numbered"
            )
        );

    private void Add(VerifyFinding finding)
    {
        var isNext =
            _findings is [.., var last]
            && last.To + 1 == finding.From
            && last with { From = finding.From, To = finding.To } == finding;
        if (isNext)
        {
            _findings[^1] = _findings[^1] with { To = finding.To };
        }
        else
        {
            _findings.Add(finding);
        }
    }
}

/// <summary>A range of entries that is not as it was written.</summary>
/// <param name="From">First seq.</param>
/// <param name="To">Last seq; of damaged bytes the range of the batch, which may have good entries too.</param>
/// <param name="Reason">Why.</param>
/// <param name="IsDamage">True if nobody asked for it: neither retention nor a flush nor a policy.</param>
/// <param name="What">In words.</param>
public sealed record VerifyFinding(
    long From,
    long To,
    HoleReason Reason,
    bool IsDamage,
    string What
);
