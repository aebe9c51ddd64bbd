using System.Buffers.Binary;
using Tspm.CaptureLog;
using Tspm.CaptureLog.Control;
using Tspm.Keeper.Interop;
using Tspm.Keeper.Journal;

namespace Tspm.Keeper.Children;

/// <summary>A run that an older keeper left behind, and what is known of its leader now.</summary>
/// <remarks>A pid means our leader only with its start time and in its boot; a stranger that got the pid is never touched.</remarks>
internal sealed class AdoptedRun
{
    private const uint DefaultSignal = 15;
    private const uint DefaultGraceMs = 10_000;

    private AdoptedRun(ScannedRun scanned, RunEntry entry, bool isOtherBoot)
    {
        Scanned = scanned;
        Entry = entry;
        IsOtherBoot = isOtherBoot;
    }

    /// <summary>What the journal told.</summary>
    public ScannedRun Scanned { get; }

    /// <summary>The run from now on.</summary>
    public RunEntry Entry { get; }

    /// <summary>True if the machine was started again since, or the home is a copy: its programs are not ours.</summary>
    public bool IsOtherBoot { get; }

    /// <summary>True if it lives and was not recorded.</summary>
    public bool WasUnrecorded { get; private init; }

    /// <summary>True if its leader ended, or its terminal needs its other side: the daemon may know and have more.</summary>
    public bool AwaitsDaemon { get; set; }

    /// <summary>True if its leader has ended.</summary>
    public bool IsLeaderGone =>
        Entry.PidDescriptor < 0
        || ProcessExit.Read(Entry.PidDescriptor, Entry.Pid, Entry.StartTime).HasEnded;

    /// <summary>True if the daemon held its descriptors.</summary>
    public bool WasHeld { get; set; }

    /// <summary>The most bytes that may be gone with pipes that nobody held.</summary>
    public long LostBytes { get; set; }

    /// <summary>Looks at a run; null if it never came to run.</summary>
    public static AdoptedRun? Recognise(ScannedRun scanned, HomePaths home, bool isCopy)
    {
        // A run that has no intent is not among the open ones.
        var intent = scanned.Intent!.Value;

        // 0: the header is damaged; then pid and start time alone must do.
        var isOtherBoot = isCopy || (scanned.Boot != 0 && scanned.Boot != BootId.First8);
        var runId = RunIdOf(intent);
        var pipe = home.NamedPipe(scanned.Process, scanned.Run, StreamKind.Out);
        var pid = (int)(scanned.Spawned?.A ?? 0);
        var startTime = scanned.Spawned?.B ?? 0;
        var wasUnrecorded = false;
        if (scanned.Spawned is null && !isOtherBoot)
        {
            var found = MarkFinder.Find(runId, pipe);
            if (found is null && !HoldsBytes(pipe))
            {
                return null;
            }

            wasUnrecorded = found is not null;
            pid = found?.Pid ?? 0;
            startTime = found?.StartTime ?? 0;
        }

        var entry = new RunEntry(OrderOf(scanned, intent, runId))
        {
            IsChild = false,
            Pid = pid,
            StartTime = startTime,
            HasExited = scanned.Exited is not null,
        };
        entry.PidDescriptor = entry.HasExited || isOtherBoot ? -1 : OpenLeader(pid, startTime);
        entry.Records.Add(intent);
        entry.Records.AddRange(scanned.OpenStreams.Select(BeginOf));
        if (scanned.Spawned is { } spawned)
        {
            entry.Records.Add(spawned);
        }

        if (scanned.Exited is { } exited)
        {
            entry.Records.Add(exited);
        }

        return new AdoptedRun(scanned, entry, isOtherBoot) { WasUnrecorded = wasUnrecorded };
    }

    private static int OpenLeader(int pid, ulong startTime)
    {
        var leader = pid > 0 ? LibC.OpenProcess(pid) : -1;

        // Looked at while the descriptor holds it: only then the pid surely means the one we found.
        if (leader >= 0 && ProcessStat.Read(pid)?.StartTime != startTime)
        {
            LibC.close(leader);
            leader = -1;
        }

        return leader;
    }

    private static SpawnOrder OrderOf(ScannedRun scanned, in JournalRecord intent, Guid runId)
    {
        var isTold = intent.C != 0;
        return new SpawnOrder
        {
            Process = scanned.Process,
            Run = scanned.Run,
            RunId = runId,
            Cwd = "/",
            Command = [],
            Flags =
                intent.Flags.HasFlag(JournalFlags.Pty) ? SpawnFlags.Pty
                : intent.Flags.HasFlag(JournalFlags.Merged) ? SpawnFlags.Merge
                : SpawnFlags.None,
            Files = scanned.Files,
            StopSignal = isTold ? (uint)(intent.C >> 32) : DefaultSignal,
            GraceMs = isTold ? (uint)intent.C : DefaultGraceMs,
        };
    }

    private static JournalRecord BeginOf(ScannedStream stream)
    {
        var begin = stream.Begin;
        if (stream.Flags.HasFlag(JournalFlags.Orphan))
        {
            begin.Flags |= JournalFlags.Orphan;
            begin.A = 0;
        }

        begin.Flags |= JournalFlags.Snapshot;
        return begin;
    }

    private static Guid RunIdOf(in JournalRecord intent)
    {
        Span<byte> bytes = stackalloc byte[16];
        BinaryPrimitives.WriteUInt64LittleEndian(bytes, intent.A);
        BinaryPrimitives.WriteUInt64LittleEndian(bytes[8..], intent.B);
        return new Guid(bytes, bigEndian: true);
    }

    private static bool HoldsBytes(string pipe)
    {
        var descriptor = LibC.open(pipe, LibC.ReadOnly | LibC.NonBlock | LibC.CloseOnExec, 0);
        if (descriptor < 0)
        {
            return false;
        }

        var count = LibC.CountBytes(descriptor);
        LibC.close(descriptor);
        return count > 0;
    }
}
