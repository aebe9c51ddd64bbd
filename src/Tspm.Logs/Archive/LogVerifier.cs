using Tspm.CaptureLog;
using Tspm.Logs.Index;

namespace Tspm.Logs.Archive;

/// <summary>Checks everything that is stored of a log against its checksums, and names what is missing.</summary>
/// <remarks>Read-only; a daemon may go on writing meanwhile, what it adds is not looked at.</remarks>
public static class LogVerifier
{
    /// <summary>Verifies a log.</summary>
    /// <param name="home">The home.</param>
    /// <param name="process">The process.</param>
    /// <exception cref="IOException">The device failed.</exception>
    public static VerifyReport Verify(HomePaths home, uint process)
    {
        var directory = home.Process(process);
        if (!Directory.Exists(directory))
        {
            return new VerifyReport { Problems = [$"{directory} is not there"] };
        }

        var opened = IndexOpener.Open(directory, SpillPlace.Of(home), process, isReadOnly: true);
        using var files = DataFileReader.Of(home, process);
        var floors = StreamFloors.Find(directory).With(opened.Ranges);
        var report = new VerifyReport
        {
            Problems = opened.Problems,
            LogId = opened.Files is [.., var newest] ? newest.LogId : Guid.Empty,
        };
        var next = 1L;
        var floor = opened.Files.LastOrDefault(file => file.Floor is not null)?.Floor;
        var goneTo = 0L;
        if (floor is { } gone)
        {
            goneTo = Math.Max(gone.ExpiredTo, gone.FlushedTo);
            next = goneTo + 1;
            report.AddHole(1, gone.FlushedTo, HoleReason.Flushed);
            report.AddHole(gone.FlushedTo + 1, gone.ExpiredTo, HoleReason.Expired);
        }

        foreach (var file in opened.Files.SelectMany(file => file.Verify()))
        {
            var reason = file.FollowsSpill ? HoleReason.NotStored : HoleReason.Corrupt;
            report.AddHole(next, file.FirstSeq - 1, reason);
            Check(file, files, floors, goneTo, report);
            next = Math.Max(next, file.LastSeq + 1);
        }

        return report;
    }

    private static void Check(
        IndexFile file,
        DataFileReader files,
        StreamFloors floors,
        long goneTo,
        VerifyReport report
    )
    {
        using var handle = File.OpenHandle(
            file.Path,
            FileMode.Open,
            FileAccess.Read,
            FileShare.ReadWrite | FileShare.Delete
        );
        var batches = new IndexBatches(handle, file.FirstSlot, file.Slots);
        while (batches.MoveNext() && !batches.IsDamaged)
        {
            CheckBatch(batches.Slots, batches.Commit, files, floors, goneTo, report);
        }
    }

    private static HoleReason ReasonOf(in LogSpan slot, StreamFloors floors) =>
        slot.IsHole ? slot.HoleReason
        : slot.Stream == StreamKind.Event ? HoleReason.None
        : floors.ReasonOf(slot);

    private static bool IsFromMemory(ReadOnlySpan<LogSpan> batch)
    {
        foreach (ref readonly var slot in batch)
        {
            if (slot.Kind == SlotKind.Span && slot.Flags.HasFlag(SpanFlags.NotDurable))
            {
                return true;
            }
        }

        return false;
    }

    private static void CheckBatch(
        ReadOnlySpan<LogSpan> batch,
        in CommitSlot commit,
        DataFileReader files,
        StreamFloors floors,
        long goneTo,
        VerifyReport report
    )
    {
        report.Batches++;
        var (first, last) = (0L, 0L);
        var isGone = false;
        foreach (ref readonly var slot in batch)
        {
            if (!slot.IsEntry)
            {
                continue;
            }

            first = first == 0 ? slot.Seq : first;
            last = slot.LastSeq;
            report.Entries += slot.Count;
            report.Bytes += slot.Stream == StreamKind.Event ? 0 : slot.Length;
            var reason = ReasonOf(slot, floors);
            report.AddHole(slot.Seq, reason == HoleReason.None ? 0 : slot.LastSeq, reason);
            isGone |= reason != HoleReason.None && !slot.IsHole;
        }

        if (first == 0)
        {
            return;
        }

        // One checksum for all its bytes: where a part is gone nobody can check the rest.
        if (isGone || first <= goneTo)
        {
            report.UncheckedBatches++;
            return;
        }

        var verdict = BatchBytes.Check(batch, commit.BytesChecksum, files);
        if (verdict == BytesVerdict.Gone && IsFromMemory(batch))
        {
            // It was numbered while the disk was full, and memory had no room for it any more.
            report.UncheckedBatches++;
            report.AddHole(first, last, HoleReason.Dropped);
        }
        else if (verdict != BytesVerdict.Good)
        {
            report.AddDamage(first, last, verdict == BytesVerdict.Gone);
        }
    }
}
