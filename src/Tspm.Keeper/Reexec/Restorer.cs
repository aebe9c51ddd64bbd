using Tspm.CaptureLog;
using Tspm.Keeper.Capture;
using Tspm.Keeper.Children;
using Tspm.Keeper.Interop;

namespace Tspm.Keeper.Reexec;

/// <summary>Fills the tables with what the program before had; the pipes are open, the data files are opened by name.</summary>
internal static class Restorer
{
    /// <summary>Adds the runs; nothing is captured before <see cref="Go"/>.</summary>
    /// <exception cref="IOException">A data file cannot be opened.</exception>
    public static void Fill(Handover? handover, RunTable runs, SyncThread sync, HomePaths home)
    {
        foreach (var handed in handover?.Runs ?? [])
        {
            var process = runs.ProcessOf(handed.Order.Process);
            process.Files.Rules = handed.Order.Files;
            var run = new RunEntry(handed.Order)
            {
                Pid = handed.Pid,
                StartTime = handed.StartTime,
                HasExited = handed.HasExited,
                IsChild = handed.IsChild,
                PidDescriptor = handed.HasExited ? -1 : LibC.OpenProcess(handed.Pid),
                OpenStreams = handed.Streams.Count,
            };
            TakeInput(run, handed.Input, home);
            run.Records.AddRange(handed.Records);
            foreach (var stream in handed.Streams)
            {
                var captured = MakeStream(stream, run, process, sync);
                run.Streams.Add(captured);
                if (!captured.Flags.HasFlag(JournalFlags.Orphan))
                {
                    process.Feed(captured);
                }
            }

            runs.Add(run);
        }
    }

    /// <summary>What the next journal file begins with: who lives, and that the keeper went on in place.</summary>
    public static JournalRecord[] FirstRecords(Handover handover)
    {
        const ulong wentOn = 2;
        var started = new JournalRecord
        {
            Kind = JournalRecordKind.KeeperStarted,
            Stream = StreamKind.Event,
            A = (ulong)Environment.ProcessId,
            B = ProcessStat.Read(Environment.ProcessId)?.StartTime ?? 0,
            C = wentOn,
        };
        return [.. handover.Runs.SelectMany(SnapshotOf), started];
    }

    private static IEnumerable<JournalRecord> SnapshotOf(HandedRun run)
    {
        foreach (var known in run.Records)
        {
            var record = known;
            record.Flags |= JournalFlags.Snapshot;
            if (record.Kind == JournalRecordKind.StreamBegin)
            {
                var stream = run.Streams.FirstOrDefault(stream => stream.Kind == known.Stream);
                if (stream is null)
                {
                    continue;
                }

                var isOrphan = stream.Flags.HasFlag(JournalFlags.Orphan);
                record.Flags |= isOrphan ? JournalFlags.Orphan : 0;
                record.A = isOrphan ? 0 : record.A;
            }

            yield return record;
        }
    }

    /// <summary>The capture threads run: they take the pipes.</summary>
    public static void Go(Handover? handover, RunTable runs)
    {
        if (handover is null)
        {
            return;
        }

        foreach (var run in runs.Runs)
        {
            foreach (var stream in run.Streams)
            {
                runs.ProcessOf(run.Order.Process).Thread.Add(stream);
            }
        }
    }

    /// <summary>Its stdin; one that nobody handed on, since that program was older, is opened by its name.</summary>
    private static void TakeInput(RunEntry run, int descriptor, HomePaths home)
    {
        var path = home.InputPipe(run.Order.Process, run.Order.Run);
        if (descriptor >= 0)
        {
            LibC.SetCloseOnExec(descriptor, closes: true);
            run.InputDescriptor = descriptor;
        }

        if (File.Exists(path))
        {
            run.InputPath = path;
        }
    }

    private static CapturedStream MakeStream(
        HandedStream handed,
        RunEntry run,
        KeptProcess process,
        SyncThread sync
    )
    {
        LibC.SetCloseOnExec(handed.Descriptor, closes: true);
        var isOrphan = handed.Flags.HasFlag(JournalFlags.Orphan);
        var target = isOrphan
            ? DataFileWriter.Open(
                new StreamName(handed.Kind, run.Order.Run),
                process.Files,
                handed.End,
                goesOn: true
            )
            : process.WriterOf(handed.Kind, sync, handed.End, goesOn: true);
        if (isOrphan)
        {
            sync.Add(target);
        }

        return new CapturedStream
        {
            Descriptor = handed.Descriptor,
            Kind = handed.Kind,
            Process = run.Order.Process,
            Run = run.Order.Run,
            PipePath = handed.PipePath,
            Target = target,
            IsCopied = handed.IsCopied,
            PipeSize = handed.PipeSize,
            MustProbe = true,
            Flags = handed.Flags,
            Ended = stream =>
            {
                Interlocked.Decrement(ref run.OpenStreams);
                if (stream.Target.Stream.OrphanRun != 0)
                {
                    stream.Target.Leave(sync);
                }
            },
        };
    }
}
