using Tspm.CaptureLog;
using Tspm.Logs.Index;
using Tspm.Logs.Scanning;

namespace Tspm.Logs;

/// <summary>Opens the log of a process for numbering, whatever state its files are in.</summary>
internal static class LogOpener
{
    private const int PrefilledSpans = 4096;

    /// <summary>Opens a log; a new epoch begins.</summary>
    /// <exception cref="IOException">The directory cannot be made or written.</exception>
    public static LogWriter Open(
        HomePaths home,
        uint process,
        LogStoreOptions options,
        TimeProvider time,
        StorePast past
    )
    {
        var directory = home.Process(process);
        Directory.CreateDirectory(
            directory,
            UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute
        );
        var spill = SpillPlace.Of(home);
        var opened = IndexOpener.Open(directory, spill, process, isReadOnly: false);
        var index = new LogIndex(home, process, options, spill, opened.Files);
        var files = DataFileReader.Of(home, process);
        var lost = past.HadPowerLoss ? index.CutUnsynced(files, past.SyncedOrd) : null;
        var last = index.LastCommit;
        var known = Math.Max(last?.Epoch ?? 0, lost?.Epoch ?? 0);
        var epoch = Math.Max(known, IndexOpener.FindDamagedEpoch(directory)) + 1;
        var logId = index.LogId ?? Guid.CreateVersion7(time.GetUtcNow());
        var ring = new LogRing(options);
        Prefill(ring, index, last?.LastSeq ?? 0, options);
        var told = opened.Ranges;
        var floors = StreamFloors.Find(directory).With(told);
        var writer = new LogWriter(directory, index, files, floors, options, time, epoch, told)
        {
            Problems = opened.Problems,
        };
        if ((lost ?? last) is { } commit)
        {
            // What was cut is not read again: its bytes are not what they were.
            writer.Resume(commit, last?.LastSeq ?? 0, lost is null ? opened.Checkpoints : []);
        }

        writer.BeginEpoch(logId, ring);
        if (lost is not null)
        {
            var now = (time.GetUtcNow() - DateTimeOffset.UnixEpoch).Ticks;
            writer.AppendUncaptured(0, 0, "power-loss", new ChunkStamp(0, now, 0));
        }

        return writer;
    }

    /// <summary>Opens a log to number on after what it has, writing elsewhere: nothing of it is changed.</summary>
    /// <param name="home">The home it lies in.</param>
    /// <param name="scratch">Where what is numbered now goes.</param>
    /// <param name="process">The process.</param>
    /// <param name="options">Limits.</param>
    /// <param name="time">The wall clock.</param>
    /// <param name="problems">What is wrong with its files, in words.</param>
    /// <returns>The writer; null if a later version of tspm has written the log.</returns>
    /// <exception cref="IOException">The home cannot be read, or the other place not written.</exception>
    public static LogWriter? OpenBeside(
        HomePaths home,
        HomePaths scratch,
        uint process,
        LogStoreOptions options,
        TimeProvider time,
        out IReadOnlyList<string> problems
    )
    {
        var directory = scratch.Process(process);
        Directory.CreateDirectory(
            directory,
            UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute
        );
        var opened = IndexOpener.Open(
            home.Process(process),
            SpillPlace.Of(home),
            process,
            isReadOnly: true
        );
        problems = opened.Problems;
        if (opened.IsOfLaterVersion)
        {
            return null;
        }

        var index = new LogIndex(scratch, process, options, null, opened.Files);
        var files = DataFileReader.Of(home, process);
        var ring = new LogRing(options);
        Prefill(ring, index, index.LastSeq, options);
        var told = opened.Ranges;
        var floors = StreamFloors.Find(home.Process(process)).With(told);
        var epoch = (index.LastCommit?.Epoch ?? 0) + 1;
        var writer = new LogWriter(directory, index, files, floors, options, time, epoch, told);
        if (index.LastCommit is { } last)
        {
            writer.Resume(last, last.LastSeq, opened.Checkpoints);
        }

        writer.BeginEpoch(index.LogId ?? Guid.CreateVersion7(time.GetUtcNow()), ring);
        return writer;
    }

    /// <summary>The newest spans in memory, so that a reader of the tail needs no disk.</summary>
    private static void Prefill(LogRing ring, LogIndex index, long lastSeq, LogStoreOptions options)
    {
        // A span has one entry at least; a new log has none.
        var most = Math.Min(options.RingEntries, PrefilledSpans);
        var newest = new LogSpan[Math.Min(most, lastSeq)];
        var found = 0;
        for (var seq = lastSeq; seq > 0 && found < newest.Length; )
        {
            var read = index.ReadBackwards(seq, newest.AsSpan(found));
            if (read == 0)
            {
                break;
            }

            found += read;
            seq = newest[found - 1].Seq - 1;
        }

        ring.Reset(found == 0 ? lastSeq : newest[found - 1].Seq - 1);
        for (var i = found - 1; i >= 0; i--)
        {
            ring.Add(newest[i]);
        }
    }
}
