using System.Runtime.InteropServices;
using Tspm.CaptureLog;
using Tspm.Keeper.Interop;
using Tspm.Keeper.Journal;

namespace Tspm.Keeper.Children;

/// <summary>Who has ended: looked at first, journaled, and only then reaped, so that no exit code is ever lost.</summary>
internal sealed unsafe class Reaper(RunTable runs, JournalWriter journal)
{
    private const int AllChildren = 0;
    private const int OneChild = 1;
    private const int NoHang = 1;
    private const int Exited = 4;
    private const int NoReap = 0x0100_0000;
    private const int PidAt = 16;
    private const int StatusAt = 24;
    private const int CodeAt = 8;
    private const int ExitedNormally = 1;
    private const int Dumped = 3;
    private const int InfoBytes = 128;
    private const int UsageLongs = 18;
    private const long LookEvery = 20_000_000;

    // The kernel counts pages per processor and sums them up roughly.
    private const long PeakFuzzKiB = 1024;

    // Between its end and its being reaped nobody may know the code; an init that does not reap at once is given this long.
    private const long LongestWait = 500_000_000;

    /// <summary>Takes everybody who has ended.</summary>
    /// <param name="onOther">Told of a child that is no run's leader: its pid, exit code or 128 + signal, signal.</param>
    public void Sweep(Action<int, int, int> onOther)
    {
        var info = stackalloc byte[InfoBytes];
        var usage = stackalloc long[UsageLongs];
        while (true)
        {
            NativeMemory.Clear(info, InfoBytes);
            var result = LibC.WaitId(AllChildren, 0, info, Exited | NoHang | NoReap, usage);
            var pid = *(int*)(info + PidAt);
            if (result != 0 || pid == 0)
            {
                return;
            }

            var status = *(int*)(info + StatusAt);
            var how = *(int*)(info + CodeAt);
            if (runs.FindByPid(pid) is { } run)
            {
                CrashPoint.Pass(CrashPoint.BeforeExited);
                Journal(run, how, status, usage);
                CrashPoint.Pass(CrashPoint.AfterExited);
            }

            LibC.WaitId(OneChild, pid, info, Exited | NoHang, usage);
            onOther(
                pid,
                how == ExitedNormally ? status : 128 + status,
                how == ExitedNormally ? 0 : status
            );
        }
    }

    /// <summary>Takes the leaders that have ended and are no children of ours.</summary>
    /// <returns>Monotonic time, ns, at which to look again; <see cref="long.MaxValue"/> if a pidfd will tell.</returns>
    public long SweepAdopted(long now)
    {
        var again = long.MaxValue;
        foreach (var run in runs.Runs)
        {
            if (run.IsChild || run.HasExited || run.PidDescriptor < 0)
            {
                continue;
            }

            var facts = ProcessExit.Read(run.PidDescriptor, run.Pid, run.StartTime);
            if (!facts.HasEnded)
            {
                continue;
            }

            run.ExitKnownBy = run.ExitKnownBy == 0 ? now + LongestWait : run.ExitKnownBy;
            if (facts.IsKnown || now >= run.ExitKnownBy)
            {
                CrashPoint.Pass(CrashPoint.BeforeExited);
                Journal(run, facts);
                CrashPoint.Pass(CrashPoint.AfterExited);
            }
            else
            {
                again = Math.Min(again, now + LookEvery);
            }
        }

        return again;
    }

    private void Journal(RunEntry run, ExitFacts facts)
    {
        const int dumpedBit = 32;
        var record = new JournalRecord
        {
            Kind = JournalRecordKind.Exited,
            Stream = StreamKind.Event,
            Process = run.Order.Process,
            Run = run.Order.Run,
            A = facts.IsKnown ? (ulong)facts.Code : 0,
            C = CpuOf(run) << 32,
            B = !facts.IsKnown
                ? 1ul << JournalRecord.UnknownBit
                : (uint)facts.Signal | (facts.HasDumped ? 1ul << dumpedBit : 0),
        };
        journal.Append(run.Records, record);
        run.HasExited = true;
    }

    /// <summary>Until init reaps it its line tells the CPU time; nothing tells its peak memory any more.</summary>
    private static ulong CpuOf(RunEntry run)
    {
        const ulong msPerTick = 10;
        return ProcessStat.Read(run.Pid) is { } stat && stat.StartTime == run.StartTime
            ? Math.Min(stat.CpuTicks * msPerTick, uint.MaxValue)
            : 0;
    }

    /// <remarks>
    /// At exec a process takes over the peak of the memory it had before. posix_spawn lends it ours, so what the kernel tells of it
    /// is at least our own peak of that moment; ours only grows, over every exec of ours too. Above it, it is the program's.
    /// </remarks>
    private void Journal(RunEntry run, int how, int status, long* usage)
    {
        const int bitDumped = 32;
        var isNormal = how == ExitedNormally;
        var cpuMs = ((usage[0] + usage[2]) * 1000) + ((usage[1] + usage[3]) / 1000);
        var record = new JournalRecord
        {
            Kind = JournalRecordKind.Exited,
            Stream = StreamKind.Event,
            Process = run.Order.Process,
            Run = run.Order.Run,
            A = (ulong)(isNormal ? status : 128 + status),
            B =
                (isNormal ? 0 : (ulong)status)
                | (how == Dumped ? 1ul << bitDumped : 0)
                | (
                    usage[4] <= LibC.PeakMemoryKiB + PeakFuzzKiB
                        ? 1ul << JournalRecord.PeakBoundBit
                        : 0
                ),
            C =
                (uint)Math.Min(usage[4], uint.MaxValue)
                | ((ulong)Math.Min(cpuMs, uint.MaxValue) << 32),
        };
        journal.Append(run.Records, record);
        run.HasExited = true;
    }
}
