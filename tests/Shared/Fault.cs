namespace Tspm.TestTools;

/// <summary>What a proxy does to one connection.</summary>
/// <param name="IsRefused">It is closed as soon as it was accepted.</param>
/// <param name="RefuseCode">Its hello is answered with a refusal for this reason; null for none.</param>
/// <param name="CutDownAfter">It is closed after so many bytes from the daemon.</param>
/// <param name="CutUpAfter">It is closed after so many bytes from the client.</param>
/// <param name="ChopSeed">Every write is made in pieces of 1 to 7 bytes by this seed; null for whole writes.</param>
internal sealed record Fault(
    bool IsRefused = false,
    string? RefuseCode = null,
    long CutDownAfter = long.MaxValue,
    long CutUpAfter = long.MaxValue,
    int? ChopSeed = null
)
{
    public static Fault None { get; } = new();
}
