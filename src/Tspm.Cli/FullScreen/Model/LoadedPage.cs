using Tspm.Protocol.Batches;

namespace Tspm.Cli.FullScreen.Model;

/// <summary>A page of a log, cut into lines; in memory of its own.</summary>
/// <param name="Id">The process.</param>
/// <param name="LogId">The log.</param>
/// <param name="Epoch">The epoch of its last entries.</param>
/// <param name="EpochBefore">The last seq of the epoch before, if the page is the beginning of one; else −1.</param>
/// <param name="After">The seq before the first one covered.</param>
/// <param name="UpTo">The last seq covered.</param>
/// <param name="Head">The newest seq there was.</param>
/// <param name="OldestDisk">The oldest seq that is kept.</param>
/// <param name="Lines">In order of seq: every wanted entry that is covered, and the gaps.</param>
internal sealed record LoadedPage(
    uint Id,
    string LogId,
    uint Epoch,
    long EpochBefore,
    long After,
    long UpTo,
    long Head,
    long OldestDisk,
    IReadOnlyList<LogLine> Lines
)
{
    /// <summary>Cuts a batch into lines.</summary>
    public static LoadedPage Read(uint id, string logId, in SpanBatch batch)
    {
        var header = batch.Header;
        var bytes = batch.Bytes.ToArray();
        var lines = new List<LogLine>();
        var at = 0;
        var hole = 0;
        ulong ord = 0;
        foreach (ref readonly var span in batch.Spans)
        {
            while (hole < header.HoleCount && batch.Hole(hole).From < span.Seq)
            {
                lines.Add(Gap(id, batch.Hole(hole++), ord == 0 ? span.Ord : ord, span.Wall));
            }

            ord = span.Ord;
            Cut(id, in span, bytes.AsMemory(at, (int)span.Length), lines);
            at += (int)span.Length;
        }

        while (hole < header.HoleCount)
        {
            lines.Add(Gap(id, batch.Hole(hole++), ord, lines.Count > 0 ? lines[^1].Wall : 0));
        }

        return new LoadedPage(
            id,
            logId,
            header.Epoch,
            header.PrevEpochEnd == BatchHeader.NoEpochEnd ? -1 : (long)header.PrevEpochEnd,
            header.After,
            header.UpTo,
            header.Head,
            header.OldestDisk,
            lines
        );
    }

    /// <summary>With the page that begins where its epoch ends; null if that is another place.</summary>
    public LoadedPage? Join(LoadedPage next) =>
        next.LogId == LogId && next.EpochBefore == UpTo && next.UpTo > UpTo
            ? next with
            {
                EpochBefore = EpochBefore,
                After = After,
                Lines = [.. Lines, .. next.Lines],
            }
            : null;

    private static LogLine Gap(uint id, LogHole hole, ulong ord, long wall) =>
        new()
        {
            Id = id,
            Seq = hole.From,
            LastSeq = hole.To,
            Ord = ord,
            Wall = wall,
            Kind = LineKind.Gap,
            Reason = hole.Reason,
        };

    private static void Cut(
        uint id,
        in WireSpan span,
        ReadOnlyMemory<byte> bytes,
        List<LogLine> lines
    )
    {
        for (long i = 0; i < span.Count; i++)
        {
            // An entry that is not whole is a span of its own and may hold anything.
            var end = span.Count == 1 ? bytes.Length - 1 : bytes.Span.IndexOf((byte)'\n');
            var line = end < 0 ? bytes : bytes[..(end + 1)];
            bytes = bytes[line.Length..];
            lines.Add(
                new LogLine
                {
                    Id = id,
                    Seq = span.Seq + i,
                    LastSeq = span.Seq + i,
                    Ord = span.Ord,
                    Wall = span.Wall,
                    Run = span.Run,
                    Kind = (LineKind)Math.Min(span.Stream, (byte)LineKind.Event),
                    Flags = span.Flags,
                    Aux = span.Aux,
                    Text = Trim(line),
                }
            );
        }
    }

    private static ReadOnlyMemory<byte> Trim(ReadOnlyMemory<byte> line)
    {
        while (line.Length > 0 && line.Span[^1] is (byte)'\n' or (byte)'\r')
        {
            line = line[..^1];
        }

        return line;
    }
}
