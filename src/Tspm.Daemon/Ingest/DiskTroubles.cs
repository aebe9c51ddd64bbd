using System.Collections.Concurrent;
using Tspm.CaptureLog;
using Tspm.Protocol.Messages;

namespace Tspm.Daemon.Ingest;

/// <summary>What of which process goes on in memory or waits, since its disk does not take it; told once when it begins and once when all is well again.</summary>
/// <remarks>The ingest thread notes; any thread may ask.</remarks>
internal sealed class DiskTroubles
{
    private const int NoSpace = 28;
    private const int ReadOnlyFiles = 30;
    private const int NoQuota = 122;
    private const int NotAllowed = 1;
    private const int NoAccess = 13;

    private readonly Dictionary<uint, HashSet<Part>> _away = [];
    private readonly ConcurrentDictionary<uint, string> _states = new();

    // Processes of which something written did not reach the device, since the last sync that did; with their run.
    private readonly ConcurrentDictionary<uint, uint> _unsynced = new();

    /// <summary>One of <see cref="DiskStates"/>.</summary>
    public string StateOf(uint process) =>
        _states.GetValueOrDefault(
            process,
            _unsynced.ContainsKey(process) ? DiskStates.SyncFailed : DiskStates.Good
        );

    /// <summary>What a record tells the readers of a log; null if nothing that they do not know.</summary>
    public LogEvent? Note(in JournalRecord record) =>
        record.Kind switch
        {
            JournalRecordKind.SpillBegan => Begin(
                record.Process,
                record.Run,
                PartOf(record),
                WordOf((int)record.B),
                (int)record.B
            ),
            JournalRecordKind.SpillEnded => End(record.Process, record.Run, PartOf(record)),
            JournalRecordKind.Blocked when record.A != 0 => Begin(
                record.Process,
                record.Run,
                PartOf(record, waits: true),
                DiskStates.Blocked,
                0
            ),
            JournalRecordKind.Blocked => End(
                record.Process,
                record.Run,
                PartOf(record, waits: true)
            ),
            JournalRecordKind.StreamEnd => EndOfStream(record),
            JournalRecordKind.Suspect => _unsynced.TryAdd(record.Process, record.Run)
                ? Told(DiskStates.SyncFailed, record.Run, (int)record.C)
                : null,
            JournalRecordKind.Rotated when record.B == (ulong)RotationReason.Changed => Told(
                DiskStates.Changed,
                record.Run,
                0
            ),
            _ => null,
        };

    /// <summary>The index of a process goes on in memory, or is back.</summary>
    public LogEvent? NoteIndex(uint process, uint run, int errno) =>
        errno != 0
            ? Begin(process, run, Part.Index, WordOf(errno), errno)
            : End(process, run, Part.Index);

    /// <summary>Everything written is on the device: the processes of which that was not so have it told.</summary>
    /// <param name="synced">The record that says so.</param>
    public IReadOnlyList<(uint Process, LogEvent Told)> NoteSynced(in JournalRecord synced)
    {
        if (synced.B != 0 || _unsynced.IsEmpty)
        {
            return [];
        }

        var told = new List<(uint Process, LogEvent Told)>();
        foreach (var process in _unsynced.Keys)
        {
            if (_unsynced.TryRemove(process, out var run) && !_states.ContainsKey(process))
            {
                told.Add((process, Told(DiskStates.Resumed, run, 0)));
            }
        }

        return told;
    }

    /// <summary>The word for what a system call said.</summary>
    public static string WordOf(int errno) =>
        errno switch
        {
            NoSpace => DiskStates.Full,
            NoQuota => DiskStates.Quota,
            ReadOnlyFiles or NotAllowed or NoAccess => DiskStates.ReadOnly,
            _ => DiskStates.Failed,
        };

    private LogEvent? Begin(uint process, uint run, Part part, string word, int errno)
    {
        if (!_away.TryGetValue(process, out var parts))
        {
            _away[process] = parts = [];
        }

        parts.Add(part);

        // One word for all parts: the disk is the same.
        return parts.Count > 1 || !_states.TryAdd(process, word) ? null : Told(word, run, errno);
    }

    private LogEvent? End(uint process, uint run, Part part)
    {
        if (_away.TryGetValue(process, out var parts))
        {
            parts.Remove(part);
            if (parts.Count > 0)
            {
                return null;
            }

            _away.Remove(process);
            _states.TryRemove(process, out _);
        }

        // Also if the beginning was before this daemon: that it had begun is in the log.
        return Told(DiskStates.Resumed, run, 0);
    }

    /// <summary>A stream that ends in memory has nothing more to bring back.</summary>
    private LogEvent? EndOfStream(in JournalRecord record) =>
        _away.TryGetValue(record.Process, out var parts)
        && (parts.Contains(PartOf(record)) || parts.Contains(PartOf(record, waits: true)))
        && parts.Remove(PartOf(record)) | parts.Remove(PartOf(record, waits: true))
        && parts.Count == 0
            ? EndQuietly(record.Process)
            : null;

    /// <summary>Nobody has seen the disk take anything: the log does not say so, and the next run will find out.</summary>
    private LogEvent? EndQuietly(uint process)
    {
        _away.Remove(process);
        _states.TryRemove(process, out _);
        return null;
    }

    private static LogEvent Told(string word, uint run, int errno) =>
        new()
        {
            What = LogEvents.Disk,
            Run = run,
            State = word,
            Errno = errno == 0 ? null : errno,
        };

    private static Part PartOf(in JournalRecord record, bool waits = false) =>
        new(record.Stream, record.Flags.HasFlag(JournalFlags.Orphan) ? record.Run : 0, waits);

    /// <summary>A part of a log that is written by itself.</summary>
    /// <param name="Stream">Which stream; the event stream stands for the index.</param>
    /// <param name="Orphan">The run of a stream of its own; 0 for that of the process.</param>
    /// <param name="Waits">It waits in its pipe.</param>
    private readonly record struct Part(StreamKind Stream, uint Orphan, bool Waits)
    {
        public static Part Index => new(StreamKind.Event, 0, false);
    }
}
