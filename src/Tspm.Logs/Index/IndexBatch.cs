using System.Runtime.InteropServices;

namespace Tspm.Logs.Index;

/// <summary>One batch of an index file.</summary>
/// <param name="Slots">Its slots, the commit last.</param>
internal readonly record struct IndexBatch(LogSpan[] Slots)
{
    private const int BlockSlots = 256;

    /// <summary>Its commit.</summary>
    public CommitSlot Commit => MemoryMarshal.Cast<LogSpan, CommitSlot>(Slots.AsSpan(^1..))[0];

    /// <summary>The seq of its first entry; 0 if it has none.</summary>
    public long FirstSeq
    {
        get
        {
            foreach (ref readonly var slot in Slots.AsSpan())
            {
                if (slot.IsEntry)
                {
                    return slot.Seq;
                }
            }

            return 0;
        }
    }

    /// <summary>The last seq of the log up to its end.</summary>
    public long LastSeq => Commit.LastSeq;

    /// <summary>Finds the batch of an entry; null if the file has none, or the batch is damaged.</summary>
    public static IndexBatch? Find(in IndexReader reader, long seq)
    {
        var slot = reader.FindLast(static span => span.Seq, seq);
        if (slot < 0)
        {
            return null;
        }

        var first = FindBegin(reader, slot);
        var slots = new List<LogSpan>();
        Span<LogSpan> block = stackalloc LogSpan[BlockSlots];
        for (var at = first; reader.Read(at, block) is var read and > 0; at += read)
        {
            foreach (ref readonly var one in block[..read])
            {
                slots.Add(one);
                if (one.Kind == SlotKind.Commit)
                {
                    var batch = slots.ToArray();
                    return IndexBatches.IsGood(batch) ? new IndexBatch(batch) : null;
                }
            }
        }

        return null;
    }

    /// <summary>The slot after the last commit before a slot.</summary>
    private static long FindBegin(in IndexReader reader, long slot)
    {
        Span<LogSpan> block = stackalloc LogSpan[BlockSlots];
        for (var end = slot; end > reader.First; )
        {
            var from = Math.Max(reader.First, end - BlockSlots);
            var read = reader.Read(from, block[..(int)(end - from)]);
            for (var i = read - 1; i >= 0; i--)
            {
                if (block[i].Kind == SlotKind.Commit)
                {
                    return from + i + 1;
                }
            }

            end = from;
        }

        return reader.First;
    }
}
