namespace Tspm.Daemon.Supervision;

/// <summary>Finds what is alive of a run: by parent chain, by its mark in the environment, by its named pipe held open.</summary>
/// <remarks>
/// Three signs, because each fails somewhere: a double fork breaks the chain, a program that retitles itself
/// overwrites the mark, and one may have closed its outputs. What shows none of them is not ours to signal.
/// Any thread. Whoever asks while a look is under way shares the next one, which begins after the question.
/// </remarks>
internal sealed class DescendantFinder
{
    private readonly Lock _gate = new();

    // Guarded by _gate.
    private TaskCompletionSource<ProcScan>? _next;
    private bool _isLooking;

    // Not awaited: it ends when nobody asks any more, and what goes wrong is told to who asked.
    private Task _looking = Task.CompletedTask;

    // Replaced, never changed in place.
    private volatile HashSet<int> _neverOurs;

    /// <summary>Makes a finder.</summary>
    /// <param name="neverOurs">Keeper and daemon: a tspm inside a managed program may have started them.</param>
    public DescendantFinder(params ReadOnlySpan<int> neverOurs) => _neverOurs = [.. neverOurs];

    /// <summary>Keeper and daemon.</summary>
    public IReadOnlySet<int> NeverOurs => _neverOurs;

    /// <summary>One more that is never ours: another keeper.</summary>
    public void Exclude(int pid) => _neverOurs = [.. _neverOurs, pid];

    /// <summary>The living processes of a run, the leader excepted; zombies count as gone.</summary>
    /// <param name="leader">The leader's pid, and its start time; a pid with another start time is a stranger.</param>
    /// <param name="leaderStart">Start time of the leader, clock ticks.</param>
    /// <param name="runId">The mark.</param>
    /// <param name="pipes">The paths of the run's named pipes.</param>
    public IReadOnlyList<ProcFacts> Find(
        int leader,
        ulong leaderStart,
        Guid runId,
        IReadOnlyList<string> pipes
    ) => ProcScan.Read(_neverOurs).Find(leader, leaderStart, runId, pipes);

    /// <summary>The same, by a look that others share.</summary>
    public async Task<IReadOnlyList<ProcFacts>> FindAsync(
        int leader,
        ulong leaderStart,
        Guid runId,
        IReadOnlyList<string> pipes
    ) => (await LookAsync()).Find(leader, leaderStart, runId, pipes);

    private Task<ProcScan> LookAsync()
    {
        lock (_gate)
        {
            _next ??= new(TaskCreationOptions.RunContinuationsAsynchronously);
            if (!_isLooking)
            {
                _isLooking = true;
                _looking = Task.Run(LookOn);
            }

            return _next.Task;
        }
    }

    private void LookOn()
    {
        while (true)
        {
            TaskCompletionSource<ProcScan> asked;
            lock (_gate)
            {
                if (_next is null)
                {
                    _isLooking = false;
                    return;
                }

                asked = _next;
                _next = null;
            }

            try
            {
                asked.SetResult(ProcScan.Read(_neverOurs));
            }
            catch (IOException error)
            {
                asked.SetException(error);
            }
        }
    }
}
