using Tspm.Cli.Rendering;
using Tspm.Protocol.Messages;

namespace Tspm.Cli.FullScreen.Model;

/// <summary>A process in the list, with what was seen of it so far.</summary>
/// <param name="View">What the daemon said last.</param>
internal sealed record ProcessRow(ProcessView View)
{
    private const double SilentAfterSeconds = 60;

    /// <summary>Lines per second of the last minute, the newest last; NaN where it is not known.</summary>
    public IReadOnlyList<double> Rates { get; init; } = [];

    /// <summary>CPU in percent of one core, likewise.</summary>
    public IReadOnlyList<double> Cpu { get; init; } = [];

    /// <summary>Memory in bytes, likewise.</summary>
    public IReadOnlyList<double> Memory { get; init; } = [];

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

    /// <summary>Lines per second now; NaN if it is not known.</summary>
    public double Rate => View.Use?.LinesPerSecond ?? double.NaN;

    /// <summary>Whether it runs and has printed nothing for a while.</summary>
    public bool IsSilent =>
        View.Pid is not null && AtMs - GrewAtMs >= SilentAfterSeconds * 1000 && Head > 0;

    /// <summary>A process that is seen for the first time.</summary>
    public static ProcessRow First(ProcessView view, ListArrived list)
    {
        var row = new ProcessRow(view) { AtMs = list.AtMs, GrewAtMs = list.AtMs };
        return row.Sampled(list) with { SeenHead = row.Head, SeenLost = row.Lost };
    }

    /// <summary>The same process a moment later.</summary>
    public ProcessRow Next(ProcessView view, ListArrived list)
    {
        var isSame = view.Log?.LogId == View.Log?.LogId;
        var head = view.Log?.Head ?? 0;
        var row = this with
        {
            View = view,
            AtMs = list.AtMs,
            GrewAtMs = head > Head || !isSame ? list.AtMs : GrewAtMs,
            SeenHead = isSame ? SeenHead : 0,
            SeenLost = isSame ? SeenLost : 0,
        };
        return row.Sampled(list);
    }

    /// <summary>The user has seen all there is.</summary>
    public ProcessRow Seen() => this with { SeenHead = Head, SeenLost = Lost };

    private ProcessRow Sampled(ListArrived list) =>
        list.Samples.TryGetValue(View.Id, out var samples)
            ? this with
            {
                Rates = Sparkline.ValuesOf(samples.Lines),
                Cpu = Sparkline.ValuesOf(samples.Cpu),
                Memory = Sparkline.ValuesOf(samples.Memory),
            }
            : this;
}
