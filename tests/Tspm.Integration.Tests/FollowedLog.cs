using Tspm.Client;
using Tspm.Protocol.Batches;

namespace Tspm.Integration.Tests;

/// <summary>What a follower showed or told missing, copied, with where it lies in the child's stream.</summary>
/// <param name="From">First seq.</param>
/// <param name="To">Last seq.</param>
/// <param name="Stream">0 out, 1 err, 2 event; null for a gap.</param>
/// <param name="Offset">Of its first byte in the stream.</param>
/// <param name="Bytes">What was shown.</param>
internal sealed record FollowedPiece(long From, long To, byte? Stream, long Offset, byte[] Bytes)
{
    public long Count => To - From + 1;

    public bool IsExit => Stream == 2 && Bytes.AsSpan().IndexOf("\"run-exit\""u8) >= 0;
}

/// <summary>All that a follower showed of one log whose only run writes to stdout alone.</summary>
internal sealed class FollowedLog
{
    private readonly TaskCompletionSource _begun = new(
        TaskCreationOptions.RunContinuationsAsynchronously
    );

    private readonly List<string> _gaps = [];

    public List<FollowedPiece> Pieces { get; init; } = [];

    /// <summary>Done when the first entry was shown.</summary>
    public Task Begun => _begun.Task;

    /// <summary>The exit was shown; a daemon that is replaced later has events after it.</summary>
    public bool HasEnded => Pieces.Exists(piece => piece.IsExit);

    public long Shown => Pieces.Where(piece => piece.Stream is not null).Sum(piece => piece.Count);

    public long Lost => Pieces.Where(piece => piece.Stream is null).Sum(piece => piece.Count);

    /// <summary>Fails with what was told missing, if anything was.</summary>
    public void AssertWhole() => Assert.Equal([], _gaps);

    public void Add(LogFollowEvent told)
    {
        switch (told)
        {
            case LogBatch batch:
                Add(batch.Spans, batch.Bytes);
                break;
            case LogGap gap:
                Pieces.Add(new FollowedPiece(gap.From, gap.To, null, 0, []));
                _gaps.Add($"{gap.From}..{gap.To} {gap.Reason}");
                break;
            case LogHistoryChanged or LogEnded or RunChanged:
                throw new InvalidOperationException($"{told.GetType().Name} was told");
            default:
                break;
        }
    }

    public void Add(ReadOnlySpan<WireSpan> spans, ReadOnlySpan<byte> bytes)
    {
        foreach (ref readonly var span in spans)
        {
            var own = bytes[..(int)span.Length].ToArray();
            bytes = bytes[own.Length..];
            Pieces.Add(
                new FollowedPiece(
                    span.Seq,
                    span.Seq + span.Count - 1,
                    span.Stream,
                    (long)span.Offset,
                    own
                )
            );
        }

        _begun.TrySetResult();
    }

    /// <summary>Compares with what the child recorded; null if every seq from 1 to the exit is shown or told once, in order, with the child's bytes.</summary>
    public string? FindFault(ReadOnlySpan<byte> record)
    {
        long next = 1;
        var at = 0; // in the record: all before was shown or lies in a gap
        long missing = 0; // entries told missing since then
        foreach (var piece in Pieces)
        {
            if (piece.From != next || piece.To < piece.From)
            {
                return $"{piece.From}..{piece.To} came where {next} was due";
            }

            next = piece.To + 1;
            if (piece.Stream is null)
            {
                missing += piece.Count;
            }
            else if (piece.Stream == 0)
            {
                var fault =
                    FindFault(piece, record, at)
                    ?? FindHole(record[at..(int)piece.Offset], missing, $"before {piece.From}");
                if (fault is not null)
                {
                    return fault;
                }

                at = (int)piece.Offset + piece.Bytes.Length;
                missing = 0;
            }
        }

        return HasEnded ? FindHole(record[at..], missing, "at the end") : "the exit was not shown";
    }

    private static string? FindFault(FollowedPiece piece, ReadOnlySpan<byte> record, int at)
    {
        if (piece.Offset < at || piece.Offset + piece.Bytes.Length > record.Length)
        {
            return $"{piece.From} lies at {piece.Offset}, {at} or more was due, of {record.Length}";
        }

        if (!record.Slice((int)piece.Offset, piece.Bytes.Length).SequenceEqual(piece.Bytes))
        {
            return $"{piece.From}..{piece.To} is not what the child wrote at {piece.Offset}";
        }

        return piece.Bytes.AsSpan().Count((byte)'\n') > piece.Count
            ? $"{piece.From}..{piece.To} has more lines than entries"
            : null;
    }

    /// <summary>Bytes that were not shown need entries told missing: one at least for each line.</summary>
    private static string? FindHole(ReadOnlySpan<byte> hidden, long missing, string where)
    {
        var isTold = hidden.IsEmpty || (missing > 0 && hidden.Count((byte)'\n') <= missing);
        return isTold ? null : $"{hidden.Length} bytes {where} for {missing} entries told missing";
    }
}
