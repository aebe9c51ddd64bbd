using Tspm.CaptureLog;

namespace Tspm.Keeper.Tests;

/// <summary>What must hold of journal and files whatever the disk did: every byte that was written is there, once, or in a range that is told as gone.</summary>
internal static class Verifier
{
    /// <summary>How the verifier itself can be wrong: each of these must be caught by some run.</summary>
    [Flags]
    public enum Fault
    {
        None = 0,

        /// <summary>As if the keeper had told nothing of what it dropped.</summary>
        DropsUntold = 1,

        /// <summary>As if nobody looked into the spill.</summary>
        HomeOnly = 2,
    }

    /// <summary>Checks all streams; the bytes that were dropped.</summary>
    public static long Check(Rig rig, Fault fault = Fault.None)
    {
        var journal = rig.ReadJournal();
        Assert.Equal(journal.Select(record => record.Ord).Order(), journal.Select(r => r.Ord));
        long dropped = 0;
        foreach (var (name, written) in rig.Written)
        {
            var records = journal
                .Where(record => record.Process == Rig.Process && record.Stream == name.Kind)
                .ToList();
            if (fault.HasFlag(Fault.DropsUntold))
            {
                records.RemoveAll(record => record.Kind == JournalRecordKind.Dropped);
            }

            CheckOrder(records, (ulong)written.Length);
            dropped += CheckBytes(rig, name, written.ToArray(), records, fault);
        }

        return dropped;
    }

    /// <summary>Chunks follow each other without hole or overlap.</summary>
    private static void CheckOrder(List<JournalRecord> records, ulong length)
    {
        ulong end = 0;
        foreach (var record in records)
        {
            if (record.Kind == JournalRecordKind.Chunk)
            {
                Assert.Equal(end + record.B, record.A);
                end = record.A;
            }
            else if (record.Kind == JournalRecordKind.Dropped && record.A == end)
            {
                // What nobody could keep.
                end = record.B;
            }
            else if (record.Kind == JournalRecordKind.Dropped)
            {
                Assert.True(
                    record.A < record.B && record.B <= end,
                    $"{record.A}..{record.B} of {end}"
                );
            }
            else if (
                record.Kind
                is JournalRecordKind.Rotated
                    or JournalRecordKind.SpillBegan
                    or JournalRecordKind.SpillEnded
            )
            {
                Assert.Equal(end, record.A);
            }
        }

        Assert.Equal(length, end);
    }

    private static long CheckBytes(
        Rig rig,
        StreamName name,
        byte[] written,
        List<JournalRecord> records,
        Fault fault
    )
    {
        var isGone = new bool[written.Length];
        foreach (var record in records.Where(record => record.Kind == JournalRecordKind.Dropped))
        {
            var range = written.AsSpan((int)record.A, (int)(record.B - record.A));
            isGone.AsSpan((int)record.A, range.Length).Fill(true);
            if (record.C != JournalRecord.UnknownNewlines)
            {
                Assert.Equal((ulong)range.Count((byte)'\n'), record.C);
            }
        }

        using var reader = fault.HasFlag(Fault.HomeOnly)
            ? new DataFileReader(rig.Home.Process(Rig.Process))
            : DataFileReader.Of(rig.Home, Rig.Process);
        var read = new byte[written.Length];
        for (var at = 0; at < written.Length; )
        {
            if (isGone[at])
            {
                at++;
                continue;
            }

            var gone = Array.IndexOf(isGone, true, at);
            var length = (gone < 0 ? written.Length : gone) - at;
            Assert.Equal(length, reader.Read(name, (ulong)at, read.AsSpan(at, length)));
            Assert.True(
                written.AsSpan(at, length).SequenceEqual(read.AsSpan(at, length)),
                $"{name}: bytes {at}..{at + length} are others"
            );
            at += length;
        }

        return isGone.LongCount(gone => gone);
    }
}
