using Tspm.CaptureLog.Control;
using Tspm.Daemon.Keeper;
using Tspm.Protocol.Messages;

namespace Tspm.Daemon.Tests.Runs;

/// <summary>A keeper without programs: remembers what it was asked for and answers as the test says.</summary>
internal sealed class FakeKeeper(Action news) : IKeeper
{
    /// <summary>More than a kernel gives: nobody has such a pid.</summary>
    public const int FirstPid = 0x3FFF_0000;

    private readonly Lock _gate = new();
    private readonly List<uint> _spawned = [];
    private readonly List<(uint Run, int Signal)> _signals = [];
    private readonly List<uint> _cut = [];

    /// <summary>What becomes of a spawn; it lives if nothing is set.</summary>
    public Func<uint, Task<SpawnOutcome>>? Spawning { get; set; }

    /// <inheritdoc/>
    public int Pid => FirstPid - 1;

    /// <summary>The runs that were asked for.</summary>
    public IReadOnlyList<uint> Spawned => Copy(_spawned);

    /// <summary>The signals that were sent.</summary>
    public IReadOnlyList<(uint Run, int Signal)> SignalsSent => Copy(_signals);

    /// <summary>The runs whose output was not waited for any longer.</summary>
    public IReadOnlyList<uint> Cut => Copy(_cut);

    /// <inheritdoc/>
    public Task<SpawnOutcome> SpawnAsync(
        uint process,
        uint run,
        Guid runId,
        ProcessSpec spec,
        CancellationToken ct
    )
    {
        Add(_spawned, run);
        return Spawning is { } spawning ? spawning(run).WaitAsync(ct) : Task.FromResult(Alive(run));
    }

    /// <summary>A spawn that went well.</summary>
    public static SpawnOutcome Alive(uint run) => new(0, 0, FirstPid + (int)run, 1);

    /// <inheritdoc/>
    public Task<int> SignalAsync(
        uint process,
        uint run,
        int signal,
        bool toGroup,
        CancellationToken ct
    )
    {
        Add(_signals, (run, signal));
        return Task.FromResult(0);
    }

    /// <inheritdoc/>
    public Task CutDrainAsync(uint process, uint run, CancellationToken ct)
    {
        Add(_cut, run);
        return Task.CompletedTask;
    }

    /// <inheritdoc/>
    public Task<long> GetAllocatedBytesAsync(CancellationToken ct) => Task.FromResult(0L);

    /// <inheritdoc/>
    public Task<KeeperFacts?> GetFactsAsync(CancellationToken ct) =>
        Task.FromResult<KeeperFacts?>(null);

    /// <inheritdoc/>
    public Task CloseInputAsync(uint process, uint run, CancellationToken ct) => Task.CompletedTask;

    private void Add<T>(List<T> list, T one)
    {
        lock (_gate)
        {
            list.Add(one);
        }

        news();
    }

    private IReadOnlyList<T> Copy<T>(List<T> list)
    {
        lock (_gate)
        {
            return [.. list];
        }
    }
}
