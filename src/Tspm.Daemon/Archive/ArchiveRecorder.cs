using System.Runtime.InteropServices;
using Tspm.CaptureLog;
using Tspm.Daemon.Supervision;
using Tspm.Logs;
using Tspm.Protocol.Messages;

namespace Tspm.Daemon.Archive;

/// <summary>Writes the starts and ends of runs that only the journal of an old home tells of.</summary>
/// <remarks>An end is written when the output of the run is complete, as a daemon would; at the latest when the journal ends.</remarks>
internal sealed class ArchiveRecorder(Func<uint, ProcessRecord?> recordOf) : IJournalObserver
{
    private const int SignalMask = 0x7F;
    private readonly Dictionary<(uint Process, uint Run), HashSet<StreamKind>> _open = [];
    private readonly List<JournalRecord> _ended = [];

    /// <summary>Where the entries go; set before the first record comes.</summary>
    public Func<uint, LogWriter?> Find { get; set; } = _ => null;

    /// <inheritdoc/>
    public void OnRecord(in JournalRecord record)
    {
        if (record.Process == 0 || Find(record.Process) is not { } log)
        {
            return;
        }

        var run = (record.Process, record.Run);
        var isNews = !record.Flags.HasFlag(JournalFlags.Snapshot) && record.Ord >= log.ResumeAt;
        switch (record.Kind)
        {
            case JournalRecordKind.StreamBegin:
                ref var open = ref CollectionsMarshal.GetValueRefOrAddDefault(_open, run, out _);
                (open ??= []).Add(record.Stream);
                break;
            case JournalRecordKind.StreamEnd:
                _open.GetValueOrDefault(run)?.Remove(record.Stream);
                WriteEnds(onlyComplete: true);
                break;
            case JournalRecordKind.Spawned when isNews:
                WriteStart(log, record);
                break;
            case JournalRecordKind.Exited when isNews:
                _ended.Add(record);
                WriteEnds(onlyComplete: true);
                break;
            default:
                break;
        }
    }

    /// <summary>The journal has nothing more.</summary>
    public void End() => WriteEnds(onlyComplete: false);

    private void WriteStart(LogWriter log, in JournalRecord record)
    {
        var body = new LogEvent
        {
            What = LogEvents.RunStart,
            Run = record.Run,
            RunId = log.Log.RunIdOf(record.Run).ToString(),
            Pid = (int)record.A,
            Argv = recordOf(record.Process)?.Spec.Command,
        };
        Append(log, record, body);
    }

    private void WriteEnds(bool onlyComplete)
    {
        for (var i = 0; i < _ended.Count; i++)
        {
            var record = _ended[i];
            var isComplete =
                _open.GetValueOrDefault((record.Process, record.Run)) is null or { Count: 0 };
            if ((isComplete || !onlyComplete) && Find(record.Process) is { } log)
            {
                WriteEnd(log, record, isComplete);
                _ended.RemoveAt(i--);
            }
        }
    }

    private static void WriteEnd(LogWriter log, in JournalRecord record, bool isComplete)
    {
        var isUnknown = (record.B & (1ul << JournalRecord.UnknownBit)) != 0;
        var outcome =
            isUnknown ? RunOutcome.Unknown
            : (record.B & SignalMask) is not 0 and var signal ? new RunOutcome(null, (int)signal)
            : new RunOutcome((int)record.A, 0);
        var body = new LogEvent
        {
            What = LogEvents.RunExit,
            Run = record.Run,
            RunId = log.Log.RunIdOf(record.Run).ToString(),
            Code = outcome.Code,
            Signal = outcome.SignalName,
            Drain = isComplete ? "complete" : "cut",
        };
        Append(log, record, body);
    }

    private static void Append(LogWriter log, in JournalRecord record, LogEvent body) =>
        log.AppendEvent(
            record.Run,
            SupervisorServices.Body(body),
            record.Ord,
            record.Wall,
            record.Mono
        );
}
