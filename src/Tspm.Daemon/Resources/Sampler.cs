using System.Collections.Concurrent;
using System.Threading.Channels;
using Microsoft.Extensions.Logging;
using Tspm.Daemon.Logging;

namespace Tspm.Daemon.Resources;

/// <summary>Samples all processes at once: every second while somebody looks, every two for limits and histories, else never.</summary>
/// <remarks>One loop reads /proc; requests ask it for a fresh round and read what it published.</remarks>
internal sealed class Sampler : IAsyncDisposable
{
    /// <summary>Between two rounds while somebody looks.</summary>
    public static readonly TimeSpan Interval = TimeSpan.FromSeconds(1);

    /// <summary>Between two rounds when only a limit or a history needs them.</summary>
    public static readonly TimeSpan QuietInterval = TimeSpan.FromSeconds(2);

    /// <summary>So long after the last question somebody still looks.</summary>
    public static readonly TimeSpan Attention = TimeSpan.FromSeconds(10);

    private readonly SampleRound _round;
    private readonly ISampleTargets _targets;
    private readonly TimeProvider _time;
    private readonly ILogger _log;
    private readonly CancellationTokenSource _stopping = new();

    // Full means that the loop is about to wake anyhow.
    private readonly Channel<bool> _wakes = Channel.CreateBounded<bool>(
        new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite }
    );
    private readonly ConcurrentDictionary<uint, SampleRing> _rings = [];
    private readonly Lock _gate = new();

    // Guarded by _gate.
    private TaskCompletionSource _next = NewRound();
    private readonly HashSet<uint> _inDetail = [];
    private long? _lookedAt;

    private volatile SampleSnapshot _newest = SampleSnapshot.None;
    private Task _loop = Task.CompletedTask;

    /// <summary>Makes a sampler; it does nothing before <see cref="Start"/>.</summary>
    public Sampler(SampleRound round, ISampleTargets targets, TimeProvider time, ILogger log)
    {
        _round = round;
        _targets = targets;
        _time = time;
        _log = log;
    }

    /// <summary>How many rounds there were.</summary>
    public long Rounds { get; private set; }

    /// <summary>Monotonic, ms.</summary>
    public long NowMs => SampleRound.Milliseconds(_time);

    /// <summary>The newest sample of a run; null if it has none, or an old one.</summary>
    public ProcessUse? Find(uint process, uint run) =>
        _newest.Uses.TryGetValue(process, out var use)
        && use.Run.Run == run
        && NowMs - use.AtMs <= Attention.TotalMilliseconds
            ? use
            : null;

    /// <summary>The samples of the last minutes of a process; null if there are none.</summary>
    public SampleRing? FindHistory(uint process) =>
        _rings.TryGetValue(process, out var ring) ? ring : null;

    /// <summary>Begins.</summary>
    public void Start() => _loop = Task.Run(RunAsync);

    /// <summary>A limit or a run is new: the loop sees whether it is needed.</summary>
    public void Wake() => _wakes.Writer.TryWrite(true);

    /// <summary>Somebody looks: ends when there is a round that is not older than the interval.</summary>
    /// <param name="inDetail">Processes whose files and proportional memory are wanted now.</param>
    /// <param name="ct">Ends the wait.</param>
    public Task LookAsync(IReadOnlyCollection<uint> inDetail, CancellationToken ct)
    {
        Task round;
        lock (_gate)
        {
            _lookedAt = _time.GetTimestamp();
            _inDetail.UnionWith(inDetail);
            var isFresh = _newest.IsReal && NowMs - _newest.AtMs < Interval.TotalMilliseconds / 2;
            round = isFresh && inDetail.Count == 0 ? Task.CompletedTask : _next.Task;
        }

        if (!round.IsCompleted)
        {
            Wake();
        }

        return round.IsCompleted ? round : round.WaitAsync(ct);
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync();
        await _loop;
        _stopping.Dispose();
    }

    private static TaskCompletionSource NewRound() =>
        new(TaskCreationOptions.RunContinuationsAsynchronously);

    private async Task RunAsync()
    {
        ITimer? timer = null;
        try
        {
            while (true)
            {
                var pause = Turn();
                timer?.Dispose();
                timer = pause is { } wait
                    ? _time.CreateTimer(_ => Wake(), null, wait, Timeout.InfiniteTimeSpan)
                    : null;
                await _wakes.Reader.ReadAsync(_stopping.Token);
            }
        }
        catch (OperationCanceledException) when (_stopping.IsCancellationRequested)
        {
            // The daemon leaves.
        }
        catch (Exception error)
        {
            // Nothing else depends on it: questions are answered without samples from here on.
            DaemonLog.SamplerFailed(_log, error);
        }
        finally
        {
            timer?.Dispose();
            lock (_gate)
            {
                _next.TrySetResult();
            }
        }
    }

    /// <summary>Until the next round; null if nobody needs one.</summary>
    private TimeSpan? PauseOf(IReadOnlyList<SampleTarget> targets)
    {
        lock (_gate)
        {
            if (_lookedAt is { } at && _time.GetElapsedTime(at) < Attention)
            {
                return Interval;
            }
        }

        return targets.Any(one => one.MaxBytes > 0 || one.KeepsHistory) ? QuietInterval : null;
    }

    /// <summary>Takes a round if anybody needs one; the loop's step.</summary>
    /// <returns>When the next is due; null if nobody needs one.</returns>
    public TimeSpan? Turn()
    {
        var targets = _targets.List();
        TaskCompletionSource answered;
        HashSet<uint> inDetail;
        lock (_gate)
        {
            answered = _next;
            _next = NewRound();
            inDetail = [.. _inDetail];
            _inDetail.Clear();
        }

        if (PauseOf(targets) is not null)
        {
            var snapshot = _round.Take(targets, _newest, inDetail);
            _newest = snapshot;
            Rounds++;
            Keep(snapshot, targets);
        }

        answered.TrySetResult();
        return PauseOf(targets);
    }

    private void Keep(SampleSnapshot snapshot, IReadOnlyList<SampleTarget> targets)
    {
        foreach (var use in snapshot.Uses.Values)
        {
            _rings
                .GetOrAdd(use.Run.Process, _ => new SampleRing())
                .Add(new Sample(use.AtMs, (float)use.Cpu, (float)use.Lines, use.Bytes));
        }

        foreach (var target in targets)
        {
            if (
                target.MaxBytes > 0
                && snapshot.Uses.TryGetValue(target.Run.Process, out var use)
                && _round.FindExcess(use, target.MaxBytes) is { } text
            )
            {
                _targets.LimitPassed(target.Run, text);
            }
        }
    }

    /// <summary>A process is forgotten.</summary>
    public void Forget(uint process) => _rings.TryRemove(process, out _);
}

/// <summary>What one round saw.</summary>
/// <param name="AtMs">When, monotonic ms.</param>
/// <param name="Uses">By the id of the process.</param>
/// <param name="IsReal">False before the first round.</param>
internal sealed record SampleSnapshot(
    long AtMs,
    IReadOnlyDictionary<uint, ProcessUse> Uses,
    bool IsReal = true
)
{
    /// <summary>Before the first round.</summary>
    public static SampleSnapshot None { get; } =
        new(0, new Dictionary<uint, ProcessUse>(), IsReal: false);
}
