using System.Runtime.InteropServices;
using Tspm.CaptureLog;

namespace Tspm.Logs.Tests;

/// <summary>Writes data files and a journal exactly as docs/capture-log.md says, without a keeper.</summary>
internal sealed class FakeKeeper : IDisposable
{
    public const uint Process = 1;
    private readonly ulong[] _ends = new ulong[2];
    private readonly ulong[] _files = new ulong[2];
    private readonly List<JournalRecord> _records = [];
    private readonly Dictionary<uint, ulong> _others = [];

    public FakeKeeper()
    {
        Home = HomePaths.At(Path.Join(Path.GetTempPath(), $"tl{Random.Shared.NextInt64():x}"));
        Assert.Null(HomeGuard.Prepare(Home));
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
    }

    public HomePaths Home { get; }

    public long Now { get; set; } = 1_000_000_000;

    /// <summary>How far the wall clock is off, 100 ns: somebody sets it.</summary>
    public long WallShift { get; set; }

    public uint Run { get; private set; }

    public ulong LastOrd => (ulong)_records.Count;

    public void Begin()
    {
        Run++;
        foreach (var kind in new[] { StreamKind.Out, StreamKind.Err })
        {
            Add(
                new JournalRecord
                {
                    Kind = JournalRecordKind.StreamBegin,
                    Stream = kind,
                    A = _ends[(int)kind],
                }
            );
        }
    }

    public void Write(StreamKind kind, ReadOnlySpan<byte> bytes)
    {
        if (bytes.IsEmpty)
        {
            return;
        }

        using var file = new FileStream(DataFile(kind, _files[(int)kind]), FileMode.Append);
        file.Write(bytes);
        _ends[(int)kind] += (ulong)bytes.Length;
        Add(
            new JournalRecord
            {
                Kind = JournalRecordKind.Chunk,
                Stream = kind,
                A = _ends[(int)kind],
                B = (ulong)bytes.Length,
            }
        );
    }

    /// <summary>Another process, with one stream, prints.</summary>
    public void WriteOf(uint process, ReadOnlySpan<byte> bytes)
    {
        var end = _others.GetValueOrDefault(process);
        Directory.CreateDirectory(Home.Process(process));
        var name = new StreamName(StreamKind.Out, 0).DataFile(0);
        using var file = new FileStream(Path.Join(Home.Process(process), name), FileMode.Append);
        file.Write(bytes);
        if (end == 0)
        {
            Add(
                new JournalRecord { Kind = JournalRecordKind.StreamBegin, Stream = StreamKind.Out },
                process
            );
        }

        _others[process] = end += (ulong)bytes.Length;
        Add(
            new JournalRecord
            {
                Kind = JournalRecordKind.Chunk,
                Stream = StreamKind.Out,
                A = end,
                B = (ulong)bytes.Length,
            },
            process
        );
    }

    /// <summary>A record of no process.</summary>
    public void TellAll() =>
        Add(
            new JournalRecord { Kind = JournalRecordKind.Synced, Stream = StreamKind.Event },
            process: 0
        );

    /// <summary>The next bytes of a stream go into a new file.</summary>
    public void Rotate(StreamKind kind)
    {
        if (_files[(int)kind] == _ends[(int)kind])
        {
            return;
        }

        _files[(int)kind] = _ends[(int)kind];
        Add(
            new JournalRecord
            {
                Kind = JournalRecordKind.Rotated,
                Stream = kind,
                A = _ends[(int)kind],
            }
        );
    }

    /// <summary>The bytes of a stream go on in memory from here on, or are back.</summary>
    public void Spill(StreamKind kind, bool begins) =>
        Add(
            new JournalRecord
            {
                Kind = begins ? JournalRecordKind.SpillBegan : JournalRecordKind.SpillEnded,
                Stream = kind,
                A = _ends[(int)kind],
            }
        );

    /// <summary>As a keeper at its cap: tells the range with its newlines, then deletes the closed file.</summary>
    public void Drop(StreamKind kind, ulong first, ulong end)
    {
        var path = DataFile(kind, first);
        var newlines = File.ReadAllBytes(path).Count(one => one == (byte)'\n');
        Add(
            new JournalRecord
            {
                Kind = JournalRecordKind.Dropped,
                Stream = kind,
                A = first,
                B = end,
                C = (ulong)newlines,
            }
        );
        File.Delete(path);
    }

    /// <summary>A sync of a stretch has failed.</summary>
    public void Suspect(StreamKind kind, ulong from, ulong to) =>
        Add(
            new JournalRecord
            {
                Kind = JournalRecordKind.Suspect,
                Stream = kind,
                A = from,
                B = to,
                C = 5,
            }
        );

    /// <summary>The data files of a stream: offset of the first byte, and of the byte after the last.</summary>
    public IReadOnlyList<(ulong First, ulong End)> FilesOf(StreamKind kind)
    {
        var firsts = Directory
            .EnumerateFiles(Home.Process(Process))
            .Select(path =>
                StreamName.TryParseDataFile(Path.GetFileName(path), out var stream, out var first)
                && stream.Kind == kind
                    ? (long)first
                    : -1
            )
            .Where(first => first >= 0)
            .Order()
            .Select(first => (ulong)first)
            .ToList();
        return
        [
            .. firsts.Select(
                (first, i) => (first, i + 1 < firsts.Count ? firsts[i + 1] : _ends[(int)kind])
            ),
        ];
    }

    public string DataFile(StreamKind kind, ulong first) =>
        Path.Join(Home.Process(Process), new StreamName(kind, 0).DataFile(first));

    public void Synced() =>
        Add(new JournalRecord { Kind = JournalRecordKind.Synced, Stream = StreamKind.Event });

    public void End()
    {
        foreach (var kind in new[] { StreamKind.Out, StreamKind.Err })
        {
            Add(
                new JournalRecord
                {
                    Kind = JournalRecordKind.StreamEnd,
                    Stream = kind,
                    A = _ends[(int)kind],
                    B = 1,
                }
            );
        }
    }

    public void Dispose() => Directory.Delete(Home.Root, recursive: true);

    private void Add(JournalRecord record, uint process = Process)
    {
        record.Process = process;
        record.Run = Run;
        record.Ord = (ulong)_records.Count + 1;
        record.Mono = Now;
        record.Wall = (Now / 100) + WallShift;
        record.Seal();
        _records.Add(record);
        using var journal = new FileStream(Home.JournalFile(1), FileMode.Append);
        journal.Write(MemoryMarshal.AsBytes(new ReadOnlySpan<JournalRecord>(in record)));
    }
}

/// <summary>A log over a fake keeper: turned by hand, read back entry by entry.</summary>
internal sealed class LogUnderTest : IDisposable
{
    private readonly LogIngest _ingest;

    public LogUnderTest(
        FakeKeeper keeper,
        LogStoreOptions? options = null,
        StorePast past = default
    )
    {
        Options = options ?? new LogStoreOptions();
        _ingest = new LogIngest(keeper.Home, Options, new Deaf())
        {
            JournalEnd = () => keeper.LastOrd + 1,
        };
        Writer = LogWriter.Open(
            keeper.Home,
            FakeKeeper.Process,
            Options,
            TimeProvider.System,
            past
        );
        _ingest.Add(Writer);
    }

    public LogStoreOptions Options { get; }

    public LogWriter Writer { get; }

    public ProcessLog Log => Writer.Log;

    public void Commit() => _ingest.Commit(Writer);

    public void Turn(long now)
    {
        while (_ingest.Turn(now).HasMore)
        {
            // Until the journal is read.
        }
    }

    /// <summary>All entries of a range and all holes that are told, through the reading side.</summary>
    public (List<ReadEntry> Entries, List<Hole> Holes) ReadWithHoles(LogFilter? filter = null)
    {
        var entries = new List<ReadEntry>();
        var holes = new List<Hole>();
        var spans = new LogSpan[7];
        var head = Log.Facts.Head;
        for (var after = 0L; after < head; )
        {
            var read = Log.Read(after, head, filter ?? LogFilter.All, spans, new LogRoom(1 << 20));
            Assert.True(read.UpTo > after, $"no way on after {after} of {head}: {read}");
            var gone = -1;
            for (var i = 0; i < read.Count && gone < 0; i++)
            {
                var bytes = new byte[spans[i].Length];
                gone = Log.ReadBytes(spans[i], bytes) < bytes.Length ? i : -1;
                if (gone < 0)
                {
                    entries.AddRange(EntriesOf(Log, spans[i]));
                }
            }

            if (gone >= 0)
            {
                var span = spans[gone];
                holes.Add(new Hole(span.Seq, span.LastSeq, Log.WhyGone(span)));
                after = span.LastSeq;
                continue;
            }

            if (read.HoleFrom > 0)
            {
                holes.Add(new Hole(read.HoleFrom, read.HoleTo, read.HoleReason));
            }

            after = read.UpTo;
        }

        return (entries, holes);
    }

    /// <summary>Appends a life-cycle entry after everything that was read.</summary>
    public void Event(long now)
    {
        Turn(now);
        Writer.AppendEvent(1, "{}"u8, 1, now / 100, now);
        _ingest.Commit(Writer);
    }

    /// <summary>All entries of a range, through the reading side.</summary>
    public List<ReadEntry> ReadAll(
        long after = 0,
        long to = long.MaxValue,
        LogFilter? filter = null,
        int maxSpans = 7
    )
    {
        var entries = new List<ReadEntry>();
        var spans = new LogSpan[maxSpans];
        var last = Math.Min(to, Log.Facts.Head);
        while (after < last)
        {
            var read = Log.Read(after, last, filter ?? LogFilter.All, spans, new LogRoom(1 << 20));
            Assert.Equal(0, read.HoleFrom);
            Assert.True(read.UpTo > after);
            foreach (var span in spans.AsSpan(0, read.Count))
            {
                entries.AddRange(EntriesOf(Log, span));
            }

            after = read.UpTo;
        }

        return entries;
    }

    public static List<ReadEntry> EntriesOf(ProcessLog log, LogSpan span)
    {
        var bytes = new byte[span.Length];
        Assert.Equal(bytes.Length, log.ReadBytes(span, bytes));
        Assert.True(
            span.Count <= Math.Max(1, bytes.Length),
            $"{span.Count} lines in {bytes.Length} bytes"
        );
        var entries = new List<ReadEntry>();
        var at = 0;
        for (var i = 0; i < span.Count; i++)
        {
            var length = span.Count == 1 ? bytes.Length : bytes.AsSpan(at).IndexOf((byte)'\n') + 1;
            entries.Add(
                new ReadEntry(
                    span.Seq + i,
                    span.Stream,
                    span.Flags,
                    span.Aux,
                    Convert.ToHexString(bytes, at, length)
                )
            );
            at += length;
        }

        Assert.Equal(bytes.Length, at);
        return entries;
    }

    public void Dispose()
    {
        _ingest.Dispose();
        Log.Dispose();
    }

    private sealed class Deaf : IJournalObserver
    {
        public void OnRecord(in JournalRecord record) { }
    }
}

/// <summary>An entry as it was read; its bytes as hex digits, so that a failure can be read.</summary>
internal sealed record ReadEntry(
    long Seq,
    StreamKind Stream,
    SpanFlags Flags,
    ulong Aux,
    string Bytes
);

/// <summary>A range that a reader was told of.</summary>
internal sealed record Hole(long From, long To, HoleReason Reason);
