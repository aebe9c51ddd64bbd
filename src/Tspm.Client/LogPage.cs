using SmartIpc.Framing;
using Tspm.Protocol.Batches;

namespace Tspm.Client;

/// <summary>A page of history, in rented memory.</summary>
public sealed class LogPage : IDisposable
{
    private readonly FrameLease _lease;

    internal LogPage(FrameLease lease)
    {
        _lease = lease;
        if (!SpanBatch.TryParse(lease.Span, out var batch, out var fault))
        {
            lease.Dispose();
            throw new TspmException("protocol", $"the daemon's page cannot be read: {fault}");
        }

        Header = batch.Header;
    }

    /// <summary>The fixed part: the range covered, the head, whether there is more.</summary>
    public BatchHeader Header { get; }

    internal ReadOnlyMemory<byte> Memory => _lease.Memory;

    /// <summary>The page; valid until it is disposed.</summary>
    public SpanBatch Batch
    {
        get
        {
            // Checked when it was received, so this never throws.
            return SpanBatch.TryParse(_lease.Span, out var batch, out var fault)
                ? batch
                : throw new InvalidOperationException(fault);
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _lease.Dispose();
}
