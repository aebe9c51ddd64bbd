using System.Buffers.Text;
using System.Diagnostics;
using Microsoft.Win32.SafeHandles;

namespace Tspm.Compare;

/// <summary>The follower's reader: checks the number of every line and stamps its arrival.</summary>
internal sealed class LineReader
{
    private static readonly TimeSpan Idle = TimeSpan.FromSeconds(3);
    private readonly int _lines;
    private readonly int _size;
    private readonly string _seen;
    private readonly string _report;
    private readonly List<long> _delays = [];
    private long _next;
    private long _lost;
    private long _repeated;
    private long _mangled;
    private long _doneAt;
    private bool _hasSeen;

    private LineReader(Arguments arguments)
    {
        _lines = arguments.Number("lines", 1000);
        _size = arguments.Number("size", 100);
        _seen = arguments.Text("seen");
        _report = arguments.Text("report");
    }

    public static int Run(Arguments arguments)
    {
        var reader = new LineReader(arguments);
        // A follower that loses the end would never be done: silence ends it, and the rest counts as lost.
        using var watch = new Timer(_ => reader.EndIfIdle(), null, Idle, TimeSpan.FromSeconds(1));
        reader.ReadAll();
        reader.Report();
        return 0;
    }

    private void ReadAll()
    {
        using var input = new FileStream(
            new SafeFileHandle(0, ownsHandle: false),
            FileAccess.Read,
            0
        );
        var buffer = new byte[1 << 20];
        var held = 0;
        while (_next < _lines && input.Read(buffer, held, buffer.Length - held) is var read and > 0)
        {
            var now = Stopwatch.GetTimestamp();
            var rest = buffer.AsSpan(0, held + read);
            while (rest.IndexOf((byte)'\n') is var end and >= 0)
            {
                Take(rest[..end], now);
                rest = rest[(end + 1)..];
            }

            held = rest.Length;
            rest.CopyTo(buffer);
        }
    }

    private void Take(ReadOnlySpan<byte> line, long now)
    {
        if (line.SequenceEqual("warm"u8))
        {
            if (!_hasSeen)
            {
                _hasSeen = true;
                Files.Replace(_seen, "");
            }

            return;
        }

        var isNumbered = Utf8Parser.TryParse(line, out long number, out var digits) && digits == 10;
        if (!isNumbered || line.Length != _size - 1)
        {
            _mangled += line.StartsWith("-- "u8) ? 0 : 1;
            return;
        }

        if (number < _next)
        {
            _repeated++;
            return;
        }

        _lost += number - _next;
        _next = number + 1;
        Volatile.Write(ref _doneAt, now);
        if (
            line.Length > LineWriter.StampAt + LineWriter.StampDigits
            && Utf8Parser.TryParse(
                line.Slice(LineWriter.StampAt, LineWriter.StampDigits),
                out long written,
                out _
            )
        )
        {
            _delays.Add(now - written);
        }
    }

    private void EndIfIdle()
    {
        var done = Volatile.Read(ref _doneAt);
        if (done != 0 && Stopwatch.GetElapsedTime(done) > Idle)
        {
            Report();
            Environment.Exit(0);
        }
    }

    private void Report()
    {
        _delays.Sort();
        var lines = new[]
        {
            $"lost={_lost + (_lines - _next)}",
            $"repeated={_repeated}",
            $"mangled={_mangled}",
            $"done={_doneAt}",
            $"p50={DelayAt(0.5)}",
            $"p99={DelayAt(0.99)}",
        };
        Files.Replace(_report, string.Join('\n', lines) + "\n");
    }

    /// <summary>Nearest-rank percentile, ns; 0 without stamps.</summary>
    private long DelayAt(double share) =>
        _delays.Count == 0 ? 0 : _delays[Math.Min(_delays.Count - 1, (int)(share * _delays.Count))];
}
