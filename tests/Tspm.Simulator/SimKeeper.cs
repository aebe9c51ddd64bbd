using System.Runtime.InteropServices;
using Tspm.CaptureLog;

namespace Tspm.Simulator;

/// <summary>The keeper's side of the store: data files and journal as docs/capture-log.md says, on a disk that can lose what was not synced.</summary>
internal sealed class SimKeeper : IDisposable
{
    public const uint Process = 1;
    private readonly string _root;
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
        var header = new JournalRecord
        {
            Kind = JournalRecordKind.Header,
            Stream = StreamKind.Event,
            Ord = 1,
            A = JournalRecord.Magic,
            C = JournalRecord.FormatVersion,
        };
        header.Seal();
        File.WriteAllBytes(
            Home.JournalFile(1),
            MemoryMarshal.AsBytes(new ReadOnlySpan<JournalRecord>(in header))
        );
        Sync();
    }

    public HomePaths Home { get; }

    /// <summary>100 ns since 1970; may be set back.</summary>
    public long Wall { get; set; } = 10_000_000_000;

    public uint Run => _state.Run;

    public void BeginRun(long now)
    {
        _state.Run++;
        AddBoth(JournalRecordKind.StreamBegin, now, 0);
    }

    public void EndRun(long now) => AddBoth(JournalRecordKind.StreamEnd, now, 1);

    public void Write(StreamKind kind, ReadOnlySpan<byte> bytes, long now)
    {
        using (
            var file = new FileStream(
                Path.Join(Home.Process(Process), new StreamName(kind, 0).DataFile(0)),
                FileMode.Append
            )
        )
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

    /// <summary>Everything written so far survives a power loss.</summary>
    public void Sync()
    {
        var files = Directory
            .EnumerateFiles(_root, "*", SearchOption.AllDirectories)
            .ToDictionary(file => file, File.ReadAllBytes);
        _synced = (_state.Copy(), files);
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

    /// <summary>The end of the newest index file is gone.</summary>
    public void CutIndex(int bytes)
    {
        const long leastKept = 128;
        var index = Directory
            .EnumerateFiles(Home.Process(Process), "index.*")
            .Order(StringComparer.Ordinal)
            .LastOrDefault();
        if (index is null)
        {
            return;
        }

        using var file = new FileStream(index, FileMode.Open);
        file.SetLength(Math.Max(Math.Min(file.Length, leastKept), file.Length - bytes));
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
        using var journal = new FileStream(Home.JournalFile(1), FileMode.Append);
        journal.Write(MemoryMarshal.AsBytes(new ReadOnlySpan<JournalRecord>(in record)));
    }

    private sealed class State
    {
        public uint Run { get; set; }

        public ulong Records { get; set; }

        public ulong[] Ends { get; private init; } = new ulong[2];

        public State Copy() =>
            new()
            {
                Run = Run,
                Records = Records,
                Ends = [.. Ends],
            };
    }
}
