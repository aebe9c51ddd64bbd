using BenchmarkDotNet.Attributes;
using Tspm.CaptureLog;
using Tspm.Logs;
using Tspm.Logs.Scanning;

namespace Tspm.Benchmarks;

/// <summary>What the daemon does with a chunk: read, count, number, check; and with a batch: write, publish.</summary>
public class StoreBenchmarks : IMissingBytes
{
    private const uint Process = 1;
    private const ulong BlockBytes = Samples.Lines * Samples.LineBytes;
    private readonly LogStoreOptions _options = new();
    private readonly LogSequencer _sequencer = new();
    private readonly LogSequencer _alone = new();
    private string _directory = "";
    private byte[] _block = [];
    private byte[] _window = [];
    private DataFileReader _files = null!; // Set up before every benchmark.
    private SpanScanner _scanner = null!; // Likewise.
    private LogWriter _writer = null!; // Likewise.
    private LogRing _ring = null!; // Likewise.
    private long _next = 1;

    [GlobalSetup]
    public void Open()
    {
        _directory = Directory.CreateTempSubdirectory("tspm-benchmarks").FullName;
        var home = HomePaths.At(Path.Join(_directory, "home"));
        if (HomeGuard.Prepare(home) is { } fault)
        {
            throw new IOException(fault);
        }

        Directory.CreateDirectory(home.Process(Process));
        _block = Samples.Block();
        var source = new StreamName(StreamKind.Out, 0);
        File.WriteAllBytes(Path.Join(home.Process(Process), source.DataFile(0)), _block);
        _window = new byte[SpanScanner.WindowBytes(_options)];
        _files = DataFileReader.Of(home, Process);
        _scanner = new SpanScanner(_options, _sequencer, source, 0) { Missing = this };
        _writer = LogWriter.Open(home, Process, _options, TimeProvider.System);
        _ring = new LogRing(_options);
    }

    [GlobalCleanup]
    public void Close()
    {
        _writer.Close();
        _files.Dispose();
        Directory.Delete(_directory, recursive: true);
    }

    [Benchmark(Description = "scanner and sequencer: 64 KiB of 655 lines")]
    public int Scan()
    {
        _scanner.Resume(1, 0, 0, 0);
        _scanner.Scan(BlockBytes, default, _files, _window);
        var slots = _sequencer.SlotCount;
        _sequencer.Clear();
        return slots;
    }

    [Benchmark(Description = "sequencer: a span of 655 lines, its checksum")]
    public long Number()
    {
        var span = new LogSpan { Count = Samples.Lines, Length = (uint)BlockBytes };
        _alone.Append(ref span, _block);
        _alone.Clear();
        return span.Seq;
    }

    [Benchmark(Description = "ring: a span of 655 lines")]
    public long Keep()
    {
        var span = new LogSpan
        {
            Seq = _next,
            Count = Samples.Lines,
            Length = (uint)BlockBytes,
            Stream = StreamKind.Out,
        };
        _next += Samples.Lines;
        _ring.Add(span);
        return _ring.OldestSeq;
    }

    [Benchmark(Description = "index append: one entry, its batch written and published")]
    public void Append()
    {
        _writer.AppendNow(1, "{\"event\":\"benchmark\"}"u8);
        _writer.Commit();
    }

    bool IMissingBytes.TryFindDrop(StreamName stream, ulong offset, out DroppedRange drop)
    {
        drop = default;
        return false;
    }

    ulong IMissingBytes.NextByte(StreamName stream, ulong offset) => ulong.MaxValue;

    void IMissingBytes.Report(StreamName stream, uint run, ulong bytes, ChunkStamp stamp) =>
        throw new InvalidOperationException("The bytes of the benchmark are gone.");
}
