using Tspm.CaptureLog;

namespace Tspm.Logs.Index;

/// <summary>The end of an index after a power loss: batches whose data had not been on the device yet.</summary>
internal static class UnsyncedTail
{
    /// <summary>Where a stretch must be cut; null if all its bytes are good.</summary>
    /// <param name="file">The stretch.</param>
    /// <param name="bytes">The data files.</param>
    /// <param name="syncedOrd">Batches of records up to this ord were on the device.</param>
    /// <param name="goneTo">Bytes of entries up to this seq were flushed or have expired: they are not what they were, and nothing is lost.</param>
    /// <exception cref="IOException">The device failed.</exception>
    public static TailCut? FindCut(
        IndexFile file,
        DataFileReader bytes,
        ulong syncedOrd,
        long goneTo
    )
    {
        using var handle = File.OpenHandle(
            file.Path,
            FileMode.Open,
            FileAccess.Read,
            FileShare.ReadWrite | FileShare.Delete
        );
        var batches = new IndexBatches(handle, file.FirstSlot, file.Slots);
        CommitSlot? before = null;
        while (batches.MoveNext())
        {
            if (batches.IsDamaged)
            {
                return new TailCut(before is { } last ? file.CutAt(batches.FirstSlot, last) : null);
            }

            var commit = batches.Commit;
            if (
                commit.JournalPosition > syncedOrd
                && FirstSeqOf(batches.Slots) > goneTo
                && BatchBytes.Check(batches.Slots, commit.BytesChecksum, bytes) != BytesVerdict.Good
            )
            {
                return new TailCut(before is { } last ? file.CutAt(batches.FirstSlot, last) : null);
            }

            before = commit;
        }

        return null;
    }

    /// <summary>The seq of the first entry of a batch; one above all if it has none.</summary>
    private static long FirstSeqOf(ReadOnlySpan<LogSpan> batch)
    {
        foreach (ref readonly var slot in batch)
        {
            if (slot.IsEntry)
            {
                return slot.Seq;
            }
        }

        return long.MaxValue;
    }

    /// <summary>Cuts the files: one is shortened or set aside, all after it are set aside.</summary>
    public static void Cut(IndexFile[] files, int at, TailCut cut)
    {
        if (cut.Kept is { } kept)
        {
            using var handle = File.OpenHandle(
                kept.Path,
                FileMode.Open,
                FileAccess.ReadWrite,
                FileShare.ReadWrite | FileShare.Delete
            );
            RandomAccess.SetLength(handle, kept.Slots * LogSpan.Size);
            CrashPoint.Pass(CrashPoint.AfterCut);
        }

        foreach (var file in files.Skip(at).DistinctBy(file => file.Path))
        {
            if (file.Path != cut.Kept?.Path && files.Take(at).All(other => other.Path != file.Path))
            {
                IndexOpener.SetAside(file.Path, ".lost");
            }
        }
    }
}

/// <summary>Where an index ends.</summary>
/// <param name="Kept">What is left of the stretch that was cut; null if nothing.</param>
internal readonly record struct TailCut(IndexFile? Kept);
