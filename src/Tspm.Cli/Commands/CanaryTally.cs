using System.Buffers.Text;

namespace Tspm.Cli.Commands;

/// <summary>Counts the numbered lines of a canary: which came, which did not, in what order, and how late.</summary>
/// <param name="paced">Lines whose latency counts: the first ones.</param>
/// <param name="total">All lines that are sent.</param>
internal sealed class CanaryTally(int paced, int total)
{
    private readonly bool[] _seen = new bool[total + 1];
    private readonly long[] _latencies = new long[paced];
    private int _latencyCount;
    private long _last;

    /// <summary>What a line begins with, before its number and its time.</summary>
    public static ReadOnlySpan<byte> Prefix => "canary "u8;

    /// <summary>Lines that came, each once.</summary>
    public long Received { get; private set; }

    /// <summary>Lines that came again.</summary>
    public long Repeated { get; private set; }

    /// <summary>Lines that came after a later one.</summary>
    public long OutOfOrder { get; private set; }

    /// <summary>Lines that are none of the canary's.</summary>
    public long Foreign { get; private set; }

    /// <summary>Lines that have not come.</summary>
    public long Missing => total - Received;

    /// <summary>Time of the first and the last line that were not paced, ns; 0 if there was none.</summary>
    public (long First, long Last) Burst { get; private set; }

    /// <summary>Takes a line: <c>canary NUMBER NANOSECONDS</c>.</summary>
    /// <param name="line">Without its newline.</param>
    /// <param name="now">CLOCK_MONOTONIC, ns.</param>
    public void Take(ReadOnlySpan<byte> line, long now)
    {
        if (!TryRead(line, out var number, out var sent))
        {
            Foreign++;
            return;
        }

        if (_seen[number])
        {
            Repeated++;
            return;
        }

        _seen[number] = true;
        Received++;
        OutOfOrder += number < _last ? 1 : 0;
        _last = Math.Max(_last, number);
        if (number <= paced)
        {
            _latencies[_latencyCount++] = now - sent;
        }
        else
        {
            Burst = (Burst.First == 0 ? sent : Math.Min(Burst.First, sent), now);
        }
    }

    /// <summary>The latency that so large a share of the paced lines did not exceed, ns; 0 if none came.</summary>
    /// <param name="share">From 0 to 1; 1 is the longest.</param>
    public long LatencyOf(double share)
    {
        var sorted = _latencies[.._latencyCount];
        Array.Sort(sorted);
        return sorted.Length == 0
            ? 0
            : sorted[
                Math.Clamp((int)Math.Ceiling(share * sorted.Length) - 1, 0, sorted.Length - 1)
            ];
    }

    private bool TryRead(ReadOnlySpan<byte> line, out int number, out long sent)
    {
        number = 0;
        sent = 0;
        if (!line.StartsWith(Prefix))
        {
            return false;
        }

        var rest = line[Prefix.Length..];
        return Utf8Parser.TryParse(rest, out number, out var used)
            && number >= 1
            && number <= total
            && used + 1 < rest.Length
            && rest[used] == (byte)' '
            && Utf8Parser.TryParse(rest[(used + 1)..], out sent, out var last)
            && used + 1 + last == rest.Length;
    }
}
