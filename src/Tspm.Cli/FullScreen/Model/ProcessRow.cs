using System.Collections.Immutable;
using Tspm.Protocol.Messages;

namespace Tspm.Cli.FullScreen.Model;

/// <summary>A process in the list, with what was seen of it so far.</summary>
/// <param name="View">What the daemon said last.</param>
internal sealed record ProcessRow(ProcessView View)
{
    private const int MaxSamples = 60;
    private const double SilentAfterSeconds = 60;

    /// <summary>Entries per second, the newest last; NaN where it is not known.</summary>
    public ImmutableArray<double> Rates { get; init; } = [];

    /// <summary>CPU in percent of one core, the newest last; NaN where it is not known.</summary>
    public ImmutableArray<double> Cpu { get; init; } = [];

    /// <summary>Memory in bytes, the newest last; NaN where it is not known.</summary>
    public ImmutableArray<double> Memory { get; init; } = [];

    /// <summary>When it was last looked at, ms.</summary>
    public long AtMs { get; init; }

    /// <summary>When it last printed something, ms; when it was first seen if it has not since.</summary>
    public long GrewAtMs { get; init; }

    /// <summary>The newest seq that the user has had on the screen.</summary>
    public long SeenHead { get; init; }

    /// <summary>Entries that were missing when the user last looked.</summary>
    public long SeenLost { get; init; }

    /// <summary>The newest seq.</summary>
    public long Head => View.Log?.Head ?? 0;

    /// <summary>Entries that are not there.</summary>
    public long Lost => View.Counters?.Lost.Sum(one => one.Count) ?? 0;

    /// <summary>Entries per second now; NaN if it is not known.</summary>
    public double Rate => Rates.IsEmpty ? double.NaN : Rates[^1];

    /// <summary>Whether it runs and has printed nothing for a while.</summary>
    public bool IsSilent =>
        View.Pid is not null && AtMs - GrewAtMs >= SilentAfterSeconds * 1000 && Head > 0;

    /// <summary>A process that is seen for the first time.</summary>
    public static ProcessRow First(ProcessView view, long atMs)
    {
        var row = new ProcessRow(view) { AtMs = atMs, GrewAtMs = atMs };
        return row.Sample(double.NaN) with { SeenHead = row.Head, SeenLost = row.Lost };
    }

    /// <summary>The same process a moment later.</summary>
    public ProcessRow Next(ProcessView view, long atMs)
    {
        var isSame = view.Log?.LogId == View.Log?.LogId;
        var head = view.Log?.Head ?? 0;
        var seconds = (atMs - AtMs) / 1000.0;
        var rate = isSame && seconds > 0 ? Math.Max(0, head - Head) / seconds : double.NaN;
        var row = this with
        {
            View = view,
            AtMs = atMs,
            GrewAtMs = head > Head || !isSame ? atMs : GrewAtMs,
            SeenHead = isSame ? SeenHead : 0,
            SeenLost = isSame ? SeenLost : 0,
        };
        return row.Sample(rate);
    }

    /// <summary>The user has seen all there is.</summary>
    public ProcessRow Seen() => this with { SeenHead = Head, SeenLost = Lost };

    private ProcessRow Sample(double rate) =>
        this with
        {
            Rates = Add(Rates, rate),
            Cpu = Add(Cpu, View.CpuPercent ?? double.NaN),
            Memory = Add(Memory, View.MemoryBytes ?? double.NaN),
        };

    private static ImmutableArray<double> Add(ImmutableArray<double> samples, double value) =>
        samples.Length < MaxSamples ? samples.Add(value) : samples.RemoveAt(0).Add(value);
}
