using System.Runtime.InteropServices;
using Tspm.CaptureLog;

namespace Tspm.Simulator;

/// <summary>The keeper's side of the store: data files and journal as docs/capture-log.md says, on a disk that can lose what was not synced.</summary>
internal sealed class SimKeeper : IDisposable
{
    public const uint Process = 1;
    private readonly string _root;
    private readonly Dictionary<string, long> _indexKept = [];
    private State _state = new();
    private (State State, Dictionary<string, byte[]> Files) _synced;

    public SimKeeper()
    {
        var memory = Directory.Exists("/dev/shm") ? "/dev/shm" : Path.GetTempPath();
        _root = Path.Join(memory, $"tspm-sim-{Guid.NewGuid():n}");
        Home = HomePaths.At(_root);
        if (HomeGuard.Prepare(Home) is { } fault)
        {
            throw new InvalidOperationException(fault);
        }

        Directory.CreateDirectory(Home.Process(Process));
        BeginJournal();
        Sync();
    }

    public HomePaths Home { get; }

    /// <summary>100 ns since 1970; may be set back.</summary>
    public long Wall { get; set; } = 10_000_000_000;

    public uint Run => _state.Run;

    /// <summary>Everything up to this ord survives a power loss.</summary>
    public ulong SyncedOrd => _synced.State.Records;

    public void BeginRun(long now)
    {
        _state.Run++;
        AddBoth(JournalRecordKind.StreamBegin, now, 0);
    }

    public void EndRun(long now) => AddBoth(JournalRecordKind.StreamEnd, now, 1);

    public void Write(StreamKind kind, ReadOnlySpan<byte> bytes, long now)
    {
        using (var file = new FileStream(DataFile(kind, _state.Files[(int)kind]), FileMode.Append))
        {
            file.Write(bytes);
        }

        _state.Ends[(int)kind] += (ulong)bytes.Length;
        Add(
            new JournalRecord
            {
                Kind = JournalRecordKind.Chunk,
                Stream = kind,
                A = _state.Ends[(int)kind],
                B = (ulong)bytes.Length,
            },
            now
        );
    }

    /// <summary>What comes goes into new data files.</summary>
    public void Rotate(long now)
    {
        foreach (var kind in new[] { StreamKind.Out, StreamKind.Err })
        {
            var end = _state.Ends[(int)kind];
            if (_state.Files[(int)kind] == end)
            {
                continue;
            }

            // By the clock of the run, so that the same files go in every replay.
            var written = DateTime.UnixEpoch.AddTicks((now / 100) + (int)kind);
            File.SetLastWriteTimeUtc(DataFile(kind, _state.Files[(int)kind]), written);
            _state.Files[(int)kind] = end;
            Add(
                new JournalRecord
                {
                    Kind = JournalRecordKind.Rotated,
                    Stream = kind,
                    A = end,
                },
                now
            );
        }
    }

    /// <summary>One bit of an index file is another one now; false if there is no index.</summary>
    public bool FlipIndexBit(int where, int bit)
    {
        var files = Directory
            .EnumerateFiles(Home.Process(Process), "index.*")
            .Order(StringComparer.Ordinal)
            .ToList();
        if (files.Count == 0)
        {
            return false;
        }

        var path = files[where % files.Count];
        var bytes = File.ReadAllBytes(path);
        bytes[where % bytes.Length] ^= (byte)(1 << bit);
        File.WriteAllBytes(path, bytes);
        return true;
    }

    /// <summary>The second half of a closed data file is gone; false if none is closed.</summary>
    public bool CutData(int which)
    {
        var closed = Directory
            .EnumerateFiles(Home.Process(Process))
            .Where(path =>
                StreamName.TryParseDataFile(Path.GetFileName(path), out var stream, out var first)
                && first != _state.Files[(int)stream.Kind]
            )
            .Order(StringComparer.Ordinal)
            .ToList();
        if (closed.Count == 0)
        {
            return false;
        }

        using var file = new FileStream(closed[which % closed.Count], FileMode.Open);
        file.SetLength(file.Length / 2);
        return true;
    }

    /// <summary>Everything written so far survives a power loss.</summary>
    public void Sync()
    {
        var files = Directory
            .EnumerateFiles(_root, "*", SearchOption.AllDirectories)
            .ToDictionary(file => file, File.ReadAllBytes);
        _synced = (_state.Copy(), files);
    }

    /// <summary>The index is on the device, as it is before files go.</summary>
    public void SyncIndex()
    {
        foreach (var file in Directory.EnumerateFiles(Home.Process(Process), "index.*"))
        {
            _indexKept[file] = new FileInfo(file).Length;
        }
    }

    /// <summary>The files are what they were when they were synced.</summary>
    public void LosePower()
    {
        foreach (
            var file in Directory.EnumerateFiles(_root, "*", SearchOption.AllDirectories).ToList()
        )
        {
            if (!_synced.Files.ContainsKey(file))
            {
                File.Delete(file);
            }
        }

        foreach (var (file, bytes) in _synced.Files)
        {
            File.WriteAllBytes(file, bytes);
        }

        _state = _synced.State.Copy();
    }

    /// <summary>Power is lost, and of the index more had come to the device than of data and journal.</summary>
    /// <remarks>The keeper of the next boot begins where nothing has a number: offsets and ords of what is gone do not come again.</remarks>
    public void LosePowerOfData()
    {
        const ulong ordsBetweenBoots = 1 << 24;
        var before = _state;
        foreach (
            var file in Directory.EnumerateFiles(_root, "*", SearchOption.AllDirectories).ToList()
        )
        {
            if (!IsIndex(file) && !_synced.Files.ContainsKey(file))
            {
                File.Delete(file);
            }
        }

        foreach (var (file, bytes) in _synced.Files.Where(one => !IsIndex(one.Key)))
        {
            File.WriteAllBytes(file, bytes);
        }

        _state = before.Copy();
        before.Ends.CopyTo(_state.Files, 0);
        _state.Records += ordsBetweenBoots;
        BeginJournal();
    }

    private static bool IsIndex(string path) =>
        Path.GetFileName(path).StartsWith("index.", StringComparison.Ordinal);

    /// <summary>The end of the newest index file is gone.</summary>
    public void CutIndex(int bytes)
    {
        var index = Directory
            .EnumerateFiles(Home.Process(Process), "index.*")
            .Order(StringComparer.Ordinal)
            .LastOrDefault();
        if (index is null)
        {
            return;
        }

        // Files go only after the index that tells of them is on the device.
        using var file = new FileStream(index, FileMode.Open);
        var kept = Math.Max(128, _indexKept.GetValueOrDefault(index));
        file.SetLength(Math.Max(Math.Min(file.Length, kept), file.Length - bytes));
    }

    /// <summary>The process's files are gone; what comes is a new log.</summary>
    public void Recreate()
    {
        foreach (var file in Directory.EnumerateFiles(Home.Process(Process), "index.*"))
        {
            File.Delete(file);
        }
    }

    public void Dispose() => Directory.Delete(_root, recursive: true);

    private string DataFile(StreamKind kind, ulong first) =>
        Path.Join(Home.Process(Process), new StreamName(kind, 0).DataFile(first));

    private void AddBoth(JournalRecordKind kind, long now, ulong b)
    {
        foreach (var stream in new[] { StreamKind.Out, StreamKind.Err })
        {
            Add(
                new JournalRecord
                {
                    Kind = kind,
                    Stream = stream,
                    A = _state.Ends[(int)stream],
                    B = b,
                },
                now
            );
        }
    }

    private void Add(JournalRecord record, long now)
    {
        record.Process = Process;
        record.Run = _state.Run;
        record.Ord = ++_state.Records;
        record.Mono = now;
        record.Wall = Wall;
        record.Seal();
        using var journal = new FileStream(Home.JournalFile(_state.Journal), FileMode.Append);
        journal.Write(MemoryMarshal.AsBytes(new ReadOnlySpan<JournalRecord>(in record)));
    }

    private void BeginJournal()
    {
        _state.Journal = _state.Records + 1;
        var header = new JournalRecord
        {
            Kind = JournalRecordKind.Header,
            Stream = StreamKind.Event,
            Ord = _state.Journal,
            A = JournalRecord.Magic,
            C = JournalRecord.FormatVersion,
        };
        header.Seal();
        File.WriteAllBytes(
            Home.JournalFile(_state.Journal),
            MemoryMarshal.AsBytes(new ReadOnlySpan<JournalRecord>(in header))
        );
    }

    private sealed class State
    {
        public uint Run { get; set; }

        public ulong Records { get; set; }

        /// <summary>The first ord of the journal file that is written.</summary>
        public ulong Journal { get; set; }

        public ulong[] Ends { get; private init; } = new ulong[2];

        /// <summary>Offset of the first byte of the file that is written, per stream.</summary>
        public ulong[] Files { get; private init; } = new ulong[2];

        public State Copy() =>
            new()
            {
                Run = Run,
                Records = Records,
                Journal = Journal,
                Ends = [.. Ends],
                Files = [.. Files],
            };
    }
}
