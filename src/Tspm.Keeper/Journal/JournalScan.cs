using System.Runtime.InteropServices;
using Tspm.CaptureLog;
using Tspm.Keeper.Children;

namespace Tspm.Keeper.Journal;

/// <summary>What older keepers left behind: which runs had not ended completely.</summary>
/// <remarks>Read once, before anything is written.</remarks>
internal sealed class JournalScan
{
    private const int RecordsPerRead = 4096;
    private readonly Dictionary<(uint Process, uint Run), ScannedRun> _runs = [];
    private readonly Dictionary<uint, StartedRun> _newest = [];

    private JournalScan() { }

    /// <summary>True if the last keeper ended as it was asked to.</summary>
    public bool HasEndedCleanly { get; private set; }

    /// <summary>Wall clock of the last record of a keeper at work, 100 ns since 1970.</summary>
    public long LastWall { get; private set; }

    /// <summary>Runs that had not ended completely, in the order of their start.</summary>
    public IReadOnlyList<ScannedRun> Open =>
        [.. _runs.Values.Where(run => !run.IsOver).OrderBy(run => run.FirstOrd)];

    /// <summary>Of each process the newest run that was really started.</summary>
    public IReadOnlyDictionary<uint, StartedRun> NewestStarted => _newest;

    /// <summary>Reads the journal.</summary>
    /// <exception cref="IOException">The device failed.</exception>
    public static JournalScan Read(JournalFiles files)
    {
        var scan = new JournalScan();
        var records = new JournalRecord[RecordsPerRead];
        using var reader = new JournalReader(files, 0);
        int count;
        while ((count = reader.Read(records)) > 0)
        {
            // One read never crosses a file, so they are all of this boot.
            foreach (ref readonly var record in records.AsSpan(0, count))
            {
                scan.Take(record, reader.Boot);
            }
        }

        return scan;
    }

    private void Take(in JournalRecord record, ulong boot)
    {
        // What an adopter writes first does not say that anybody was there to read pipes.
        var isWork =
            !record.Flags.HasFlag(JournalFlags.Snapshot)
            && record.Kind
                is not (
                    JournalRecordKind.KeeperStarted
                    or JournalRecordKind.Adopted
                    or JournalRecordKind.Uncaptured
                );
        LastWall = isWork ? Math.Max(LastWall, record.Wall) : LastWall;
        HasEndedCleanly = record.Kind == JournalRecordKind.KeeperStopping;
        if (record.Process == 0 || record.Run == 0)
        {
            return;
        }

        ref var run = ref CollectionsMarshal.GetValueRefOrAddDefault(
            _runs,
            (record.Process, record.Run),
            out _
        );
        run ??= new ScannedRun(record.Process, record.Run, record.Ord);
        run.Take(record, boot);
        if (
            record.Kind is JournalRecordKind.Spawned
            && record.Run >= _newest.GetValueOrDefault(record.Process).Run
        )
        {
            _newest[record.Process] = new StartedRun(record.Run, (int)record.A, record.B);
        }
    }
}
