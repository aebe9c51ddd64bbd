using Tspm.CaptureLog;
using Tspm.CaptureLog.Control;
using Tspm.Keeper.Capture;
using Tspm.Keeper.Interop;
using Tspm.Keeper.Journal;

namespace Tspm.Keeper.Children;

/// <summary>Goes on with the runs of a keeper that died: who lives is known by journal, pid, start time and boot.</summary>
/// <remarks>
/// Control thread only. Pipes are opened by name at once. What the daemon alone may have (the end of a leader that ended
/// meanwhile, the other side of a terminal) is waited for until it has told, or nobody is there to tell.
/// </remarks>
internal sealed class Adopter(
    HomePaths home,
    RunTable runs,
    SyncThread sync,
    JournalWriter journal,
    JournalScan scan,
    KeeperLog log
)
{
    private const ulong EndOfFile = 1;
    private const ulong Failed = 3;
    private readonly List<AdoptedRun> _adopted = [];

    /// <summary>True while something may still be told by a daemon.</summary>
    public bool IsWaiting => _adopted.Exists(adopted => adopted.AwaitsDaemon);

    /// <summary>Looks which runs of the journal are there.</summary>
    /// <param name="scan">The journal.</param>
    /// <param name="home">The home.</param>
    /// <param name="isCopy">The programs that it tells of belong to another home.</param>
    public static IReadOnlyList<AdoptedRun> Recognise(
        JournalScan scan,
        HomePaths home,
        bool isCopy
    ) =>
        [
            .. scan
                .Open.Select(scanned => AdoptedRun.Recognise(scanned, home, isCopy))
                .OfType<AdoptedRun>(),
        ];

    /// <summary>The records that tell of them, and of this keeper: the beginning of its first journal file.</summary>
    public static JournalRecord[] FirstRecords(JournalScan scan, IReadOnlyList<AdoptedRun> found)
    {
        var started = new JournalRecord
        {
            Kind = JournalRecordKind.KeeperStarted,
            Stream = StreamKind.Event,
            A = (ulong)Environment.ProcessId,
            B = ProcessStat.Read(Environment.ProcessId)?.StartTime ?? 0,
            C = scan.HasEndedCleanly ? 1u : 0,
        };
        var known = found.SelectMany(adopted => RunTable.SnapshotOf(adopted.Entry)).ToList();
        return [.. known, started, .. found.SelectMany(RecordsOf)];
    }

    /// <summary>Puts them into the table.</summary>
    public void Add(IReadOnlyList<AdoptedRun> found)
    {
        foreach (var (process, run) in scan.NewestStarted)
        {
            runs.Remember(process, run);
        }

        foreach (var adopted in found)
        {
            _adopted.Add(adopted);
            runs.Add(adopted.Entry);
            runs.ProcessOf(adopted.Entry.Order.Process).Files.Rules = adopted.Entry.Order.Files;
        }
    }

    /// <summary>Opens their outputs, and goes on reading.</summary>
    public void Open()
    {
        CrashPoint.Pass(CrashPoint.InAdoption);
        foreach (var adopted in _adopted)
        {
            adopted.AwaitsDaemon = adopted.Entry is { HasExited: false, PidDescriptor: < 0 };
            OpenInput(adopted.Entry);
            foreach (var stream in adopted.Scanned.OpenStreams)
            {
                Open(adopted, stream);
            }
        }

        if (_adopted.Count > 0)
        {
            log.Write(
                1010,
                $"goes on with {_adopted.Count} runs, {_adopted.Count(run => run.Entry.PidDescriptor >= 0)} of them alive"
            );
        }
    }

    /// <summary>Its stdin, if it was a pipe and was not closed: the name tells.</summary>
    private void OpenInput(RunEntry entry)
    {
        var path = home.InputPipe(entry.Order.Process, entry.Order.Run);
        if (File.Exists(path))
        {
            entry.InputPath = path;
            entry.HoldInput();
        }
    }

    /// <summary>The daemon held descriptors of a run.</summary>
    /// <param name="hold">Of which.</param>
    /// <param name="descriptors">They are ours now.</param>
    public void Take(RunHold hold, ReadOnlySpan<int> descriptors)
    {
        var adopted = _adopted.Find(known =>
            known.Entry.Order.Process == hold.Process && known.Entry.Order.Run == hold.Run
        );
        if (adopted is not null)
        {
            // Also if nothing of it is left to give: until then its pipes were held.
            adopted.WasHeld = true;
        }

        var at = 0;
        for (
            var part = HoldParts.Out;
            part <= HoldParts.Terminal;
            part = (HoldParts)((uint)part << 1)
        )
        {
            if (!hold.Parts.HasFlag(part))
            {
                continue;
            }

            var descriptor = descriptors[at++];
            if (adopted is null || !TryTake(adopted, part, descriptor))
            {
                LibC.close(descriptor);
            }
        }
    }

    /// <summary>The daemon has told all it has, or there is none: what is not known now stays unknown.</summary>
    public void Settle()
    {
        foreach (var adopted in _adopted)
        {
            if (adopted.AwaitsDaemon)
            {
                Settle(adopted);
            }
        }

        _adopted.Clear();
    }

    private static IEnumerable<JournalRecord> RecordsOf(AdoptedRun adopted)
    {
        var entry = adopted.Entry;
        if (adopted.WasUnrecorded)
        {
            var spawned = RecordOf(entry, JournalRecordKind.Spawned);
            spawned.A = (ulong)entry.Pid;
            spawned.B = entry.StartTime;
            entry.Records.Add(spawned);
            yield return spawned;
        }

        if (!adopted.IsOtherBoot)
        {
            var goesOn = RecordOf(entry, JournalRecordKind.Adopted);
            goesOn.A = (ulong)entry.Pid;
            goesOn.B = entry.StartTime;
            goesOn.C = (ulong)Environment.ProcessId;
            yield return goesOn;
        }
    }

    private void Open(AdoptedRun adopted, ScannedStream scanned)
    {
        var entry = adopted.Entry;
        var stream = MakeStream(adopted, scanned);
        entry.Streams.Add(stream);
        entry.OpenStreams++;
        TellMove(stream, scanned);
        TellTail(stream, scanned);
        if (stream.Descriptor >= 0)
        {
            Capture(adopted, stream, scanned);
        }
        else if (stream.PipePath is null && !adopted.IsOtherBoot)
        {
            // Its terminal: the daemon has the other side, or it is gone.
            adopted.AwaitsDaemon = true;
        }
        else
        {
            // The name goes with the last byte that was taken.
            End(entry, stream, EndOfFile);
        }
    }

    private CapturedStream MakeStream(AdoptedRun adopted, ScannedStream scanned)
    {
        var entry = adopted.Entry;
        var process = runs.ProcessOf(entry.Order.Process);
        var isOrphan = scanned.Flags.HasFlag(JournalFlags.Orphan);
        var isTerminal = entry.Order.Flags.HasFlag(SpawnFlags.Pty);
        var pipe = isTerminal
            ? null
            : home.NamedPipe(entry.Order.Process, entry.Order.Run, scanned.Kind);
        var descriptor =
            pipe is null || adopted.IsOtherBoot
                ? -1
                : LibC.open(pipe, LibC.ReadOnly | LibC.NonBlock | LibC.CloseOnExec, 0);
        DataFileWriter target;
        if (isOrphan)
        {
            target = DataFileWriter.Open(
                new StreamName(scanned.Kind, entry.Order.Run),
                process.Files,
                scanned.End,
                goesOn: true
            );
            sync.Add(target);
        }
        else
        {
            target = process.WriterOf(scanned.Kind, sync, scanned.End, goesOn: true);
        }

        return new CapturedStream
        {
            Descriptor = descriptor,
            Kind = scanned.Kind,
            Process = entry.Order.Process,
            Run = entry.Order.Run,
            PipePath = pipe,
            Target = target,
            IsCopied = isTerminal,
            Flags = scanned.Flags,
            MustProbe = true,
            Ended = stream => StreamEnded(entry, stream),
        };
    }

    /// <summary>The stream went to the spill, or came back, and the keeper before died before it told so.</summary>
    private void TellMove(CapturedStream stream, ScannedStream scanned)
    {
        var target = stream.Target;
        if (target.File is not { Length: > 0 } file || file.First < scanned.End)
        {
            return;
        }

        var cameFromSpill = target.Files.HasSpillUpTo(target.Stream, file.First);
        if (file.IsSpill != cameFromSpill)
        {
            // Why the home refused is not known any more.
            var move = RecordOf(
                stream,
                file.IsSpill ? JournalRecordKind.SpillBegan : JournalRecordKind.SpillEnded
            );
            move.A = file.First;
            journal.Append(ref move);
        }
    }

    /// <summary>Bytes that were moved and not told: the keeper before died between the two.</summary>
    private void TellTail(CapturedStream stream, ScannedStream scanned)
    {
        if (stream.Target.End <= scanned.End)
        {
            return;
        }

        var chunk = RecordOf(stream, JournalRecordKind.Chunk);
        chunk.A = stream.Target.End;
        chunk.B = stream.Target.End - scanned.End;
        journal.Append(ref chunk);
    }

    private void Capture(AdoptedRun adopted, CapturedStream stream, ScannedStream scanned)
    {
        var process = runs.ProcessOf(stream.Process);
        if (!stream.Flags.HasFlag(JournalFlags.Orphan))
        {
            process.Feed(stream);
        }

        var before = stream.Target.End;
        process.Thread.Add(stream);
        if (adopted.IsLeaderGone && stream.HasEnded && stream.Target.End == before)
        {
            // Nobody wrote and nothing was there: what the pipe held went with its last holder.
            var wasGrown =
                !scanned.IsComplete || scanned.LongestChunk >= PipeAllowance.PlainBytes / 2;
            adopted.LostBytes += wasGrown ? PipeAllowance.GrownBytes : PipeAllowance.PlainBytes;
            adopted.AwaitsDaemon = true;
        }
    }

    private bool TryTake(AdoptedRun adopted, HoldParts part, int descriptor)
    {
        var entry = adopted.Entry;
        if (part == HoldParts.Leader && entry is { HasExited: false, PidDescriptor: < 0 })
        {
            entry.PidDescriptor = descriptor;
            return true;
        }

        var terminal = entry.Streams.Find(stream =>
            stream is { PipePath: null, Descriptor: < 0, HasEnded: false }
        );
        if (part != HoldParts.Terminal || terminal is null)
        {
            return false;
        }

        terminal.Descriptor = descriptor;
        var process = runs.ProcessOf(terminal.Process);
        if (!terminal.Flags.HasFlag(JournalFlags.Orphan))
        {
            process.Feed(terminal);
        }

        process.Thread.Add(terminal);
        return true;
    }

    private void Settle(AdoptedRun adopted)
    {
        var entry = adopted.Entry;
        adopted.AwaitsDaemon = false;
        if (
            entry.Streams.Exists(stream =>
                stream is { PipePath: null, Descriptor: < 0, HasEnded: false }
            )
        )
        {
            // A terminal whose last other side went with keeper and daemon.
            adopted.LostBytes += PipeAllowance.PlainBytes;
        }

        if (adopted.LostBytes > 0 && !adopted.WasHeld && !adopted.IsOtherBoot)
        {
            var lost = RecordOf(entry, JournalRecordKind.Uncaptured);
            lost.A = (ulong)scan.LastWall;
            lost.B = (ulong)(TimeProvider.System.GetUtcNow() - DateTimeOffset.UnixEpoch).Ticks;
            lost.C = (ulong)adopted.LostBytes;
            journal.Append(ref lost);
        }

        foreach (var stream in entry.Streams)
        {
            if (stream is { Descriptor: < 0, HasEnded: false })
            {
                End(entry, stream, Failed);
            }
        }

        if (entry is { HasExited: false, PidDescriptor: < 0 })
        {
            var unknown = RecordOf(entry, JournalRecordKind.Exited);
            unknown.B =
                (1ul << JournalRecord.UnknownBit)
                | (adopted.IsOtherBoot ? 1ul << JournalRecord.OtherBootBit : 0);
            journal.Append(entry.Records, unknown);
            entry.HasExited = true;
        }
    }

    private void End(RunEntry entry, CapturedStream stream, ulong reason)
    {
        const ulong inputOutput = 5;
        stream.HasEnded = true;
        var end = RecordOf(stream, JournalRecordKind.StreamEnd);
        end.A = stream.Target.End;
        end.B = reason;
        end.C = reason == Failed ? inputOutput : 0;
        journal.Append(ref end);
        StreamEnded(entry, stream);
    }

    private void StreamEnded(RunEntry entry, CapturedStream stream)
    {
        Interlocked.Decrement(ref entry.OpenStreams);
        if (stream.Target.Stream.OrphanRun != 0)
        {
            stream.Target.Leave(sync);
        }
    }

    private static JournalRecord RecordOf(RunEntry entry, JournalRecordKind kind) =>
        new()
        {
            Kind = kind,
            Stream = StreamKind.Event,
            Process = entry.Order.Process,
            Run = entry.Order.Run,
        };

    private static JournalRecord RecordOf(CapturedStream stream, JournalRecordKind kind) =>
        new()
        {
            Kind = kind,
            Stream = stream.Kind,
            Flags = stream.Flags,
            Process = stream.Process,
            Run = stream.Run,
        };
}
