using Tspm.CaptureLog;
using Tspm.Protocol.Messages;

namespace Tspm.Daemon.Supervision;

/// <summary>Keeps the runs in a process's record: begins one, ends one, changes what is known of one.</summary>
internal readonly struct RunBook(ProcessSupervisor owner, TimeProvider time)
{
    /// <summary>Begins the next run.</summary>
    public RunState Begin(ProcessSpec spec, long logHead, long startOrder)
    {
        var record = owner.Record;
        // The log may know of runs that an older copy of the list has never heard of; their numbers are taken.
        var run = new RunState(
            Math.Max(record.Run, owner.Log.Log.Facts.Run) + 1,
            Guid.CreateVersion7(time.GetUtcNow()),
            RunState.AllStreams(spec)
        )
        {
            StartedAt = time.GetTimestamp(),
            StartedWall = time.GetUtcNow(),
            LogHead = logHead,
        };
        var fresh = new RunRecord
        {
            Run = run.Run,
            RunId = run.RunId,
            StartedAt = run.StartedWall,
        };
        owner.Record = record with
        {
            Run = run.Run,
            StartOrder = startOrder,
            HasPendingChanges = false,
            Runs = [fresh, .. record.Runs.Take(ProcessRecord.MaxRuns - 1)],
        };
        return run;
    }

    /// <summary>The journal told how a run ended.</summary>
    public void End(RunState run, in JournalRecord record)
    {
        var signal = (int)(uint)record.B;
        var outcome = IsSet(record, JournalRecord.UnknownBit)
            ? RunOutcome.Unknown
            : new RunOutcome(signal == 0 ? (int)record.A : null, signal);
        run.Outcome = outcome;
        run.Uptime = time.GetElapsedTime(run.StartedAt);
        // Of a program that outlived its keeper the kernel told nobody; every other has used some memory.
        var peak = (long)(uint)record.C * 1024;
        var cpuMs = (long)(record.C >> 32);
        var isBound = IsSet(record, JournalRecord.PeakBoundBit);
        run.MaxMemoryBytes = peak == 0 || isBound ? null : peak;
        run.MemoryAtMostBytes = isBound ? peak : null;
        run.CpuMs = record.C == 0 ? null : cpuMs;
        var now = time.GetUtcNow();
        Update(
            run.Run,
            old =>
                old with
                {
                    EndedAt = now,
                    Code = outcome.Code,
                    Signal = signal,
                    MaxMemoryBytes = run.MaxMemoryBytes,
                    MemoryAtMostBytes = run.MemoryAtMostBytes,
                    CpuMs = run.CpuMs,
                }
        );
    }

    private static bool IsSet(in JournalRecord record, int bit) => (record.B >> bit & 1) != 0;

    /// <summary>Changes what is kept of a run.</summary>
    public void Update(uint number, Func<RunRecord, RunRecord> change) =>
        owner.Record = owner.Record with
        {
            Runs = [.. owner.Record.Runs.Select(run => run.Run == number ? change(run) : run)],
        };
}
