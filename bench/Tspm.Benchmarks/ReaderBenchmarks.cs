using System.Text.RegularExpressions;
using BenchmarkDotNet.Attributes;
using Tspm.Cli.Rendering;
using Tspm.Client.Following;
using Tspm.Logs;
using Tspm.Protocol.Batches;

namespace Tspm.Benchmarks;

/// <summary>What a batch costs on its way to the terminal: laid out, understood, followed, printed; and searched.</summary>
public class ReaderBenchmarks
{
    private static readonly Guid Run = new("01234567-0000-7000-8000-000000000000");
    private readonly byte[] _block = Samples.Block();
    private readonly byte[] _payload = new byte[128 * 1024];
    private readonly WireSpan[] _spans = [Samples.Span(1)];
    private readonly RunIdentity[] _runs = [new(1, Run)];
    private readonly List<LogAction> _actions = [];
    private readonly LogMachineOptions _options = new();
    private readonly Func<uint, Guid> _runOf = _ => Run;
    private readonly LinePattern _literal = Pattern("orders/42 ");
    private readonly LinePattern _expression = Pattern("orders/[0-9]*7 .* 1[0-9] ms");
    private readonly LinePattern _absent = Pattern("no such text");
    private LogMachineState _state = LogMachineState.Initial;
    private LogPrinter _short = null!; // Set up before every benchmark.
    private LogPrinter _json = null!; // Likewise.
    private PrintedLog _shortLog = null!; // Likewise.
    private PrintedLog _jsonLog = null!; // Likewise.
    private int _length;
    private long _head;

    [GlobalSetup]
    public void Open()
    {
        _length = WriteBatch();
        _block.CopyTo(_payload, _length - _block.Length);
        Step(new LogInput { Kind = LogInputKind.Start });
        Step(
            new LogInput
            {
                Kind = LogInputKind.Subscribed,
                Gen = 1,
                Epoch = 1,
            }
        );
        (_short, _shortLog) = Printer(LogFormat.Short);
        (_json, _jsonLog) = Printer(LogFormat.Json);
    }

    [Benchmark(Description = "batch codec: header, run and span written")]
    public int WriteBatch()
    {
        var header = new BatchHeader { Epoch = 1, UpTo = Samples.Lines };
        return SpanBatchWriter.WritePrefix(_payload, ref header, _runs, [], _spans) + _block.Length;
    }

    [Benchmark(Description = "batch codec: 64 KiB parsed and checked")]
    public ulong ParseBatch()
    {
        if (!SpanBatch.TryParse(_payload.AsSpan(0, _length), out var batch, out var fault))
        {
            throw new InvalidOperationException(fault);
        }

        return batch.Header.ByteCount;
    }

    [Benchmark(Description = "follower: a batch of 655 lines taken in order")]
    public long Follow()
    {
        Step(
            new LogInput
            {
                Kind = LogInputKind.Batch,
                Gen = 1,
                Epoch = 1,
                After = _head,
                UpTo = _head + Samples.Lines,
                PrevEpochEnd = -1,
                Entries = Samples.Lines,
                Bytes = _block.Length,
                Payload = Nothing.Held,
            }
        );
        _head += Samples.Lines;
        return _state.Position.Seq == _head
            ? _head
            : throw new InvalidOperationException("The follower did not take the batch.");
    }

    [Benchmark(Description = "printer, short: 655 lines")]
    public void PrintShort() => _short.Write(_shortLog, 1, _spans, _block, _runOf);

    [Benchmark(Description = "printer, JSON: 655 lines")]
    public void PrintJson() => _json.Write(_jsonLog, 1, _spans, _block, _runOf);

    [Benchmark(Description = "grep: a text that few of 655 lines have")]
    public int GrepLiteral() => Count(_literal);

    [Benchmark(Description = "grep: a text that none has")]
    public int GrepAbsent() => Count(_absent);

    [Benchmark(Description = "grep: an expression whose text every line has")]
    public int GrepExpression() => Count(_expression);

    private static LinePattern Pattern(string text) =>
        new([new Regex(text, RegexOptions.NonBacktracking | RegexOptions.CultureInvariant)], []);

    private static (LogPrinter, PrintedLog) Printer(LogFormat format)
    {
        var output = new Discard();
        var options = new LogPrinterOptions
        {
            Format = format,
            HasPrefix = format == LogFormat.Short,
        };
        var printer = new LogPrinter(options, output, output);
        return (printer, printer.Add(new LogIdentity(1, "default", "web", "0198c")));
    }

    private int Count(LinePattern pattern)
    {
        var found = 0;
        var rest = _block.AsSpan();
        while (pattern.TryFind(rest, out _, out var end))
        {
            found++;
            rest = rest[end..];
        }

        return found;
    }

    private void Step(in LogInput input)
    {
        _state = LogMachine.Step(_state, input, _options, _actions);
        _actions.Clear();
    }

    /// <summary>Stands for the memory of a batch.</summary>
    private sealed class Nothing : IDisposable
    {
        public static readonly Nothing Held = new();

        public void Dispose() { }
    }
}
