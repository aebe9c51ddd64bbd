using System.Text;

namespace Tspm.Daemon.Supervision;

/// <summary>Finds what is alive of a run: by parent chain, by its mark in the environment, by its named pipe held open.</summary>
/// <remarks>
/// Three signs, because each fails somewhere: a double fork breaks the chain, a program that retitles itself
/// overwrites the mark, and one may have closed its outputs. What shows none of them is not ours to signal.
/// </remarks>
internal sealed class DescendantFinder
{
    private const int MaxEnvironment = 256 * 1024;
    private const int MaxDescriptors = 64;

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
    )
    {
        var all = new Dictionary<int, ProcFacts>();
        foreach (var pid in ProcFacts.AllPids())
        {
            if (!_neverOurs.Contains(pid) && ProcFacts.Read(pid) is { IsZombie: false } facts)
            {
                all[pid] = facts;
            }
        }

        var leaderLives = all.TryGetValue(leader, out var found) && found.StartTime == leaderStart;
        var mark = Encoding.ASCII.GetBytes($"TSPM_RUN={runId}");
        var ours = new HashSet<int>(
            all.Keys.Where(pid => pid != leader && (HasMark(pid, mark) || HoldsPipe(pid, pipes)))
        );
        AddChildren(all, ours, leaderLives ? leader : 0);
        return [.. ours.Select(pid => all[pid])];
    }

    private static void AddChildren(Dictionary<int, ProcFacts> all, HashSet<int> ours, int leader)
    {
        var hasGrown = true;
        while (hasGrown)
        {
            hasGrown = false;
            foreach (var facts in all.Values)
            {
                var isChild =
                    ours.Contains(facts.ParentPid) || (leader != 0 && facts.ParentPid == leader);
                hasGrown |= isChild && facts.Pid != leader && ours.Add(facts.Pid);
            }
        }
    }

    private static bool HasMark(int pid, byte[] mark)
    {
        try
        {
            var environment = ProcFacts.ReadBounded(pid, "environ", MaxEnvironment).AsSpan();
            var at = environment.IndexOf(mark);
            return at == 0 || (at > 0 && environment[at - 1] == 0);
        }
        catch (IOException)
        {
            return false;
        }
        catch (UnauthorizedAccessException)
        {
            // Another user's process, so not one of ours.
            return false;
        }
    }

    private static bool HoldsPipe(int pid, IReadOnlyList<string> pipes)
    {
        try
        {
            return Directory
                .EnumerateFiles($"/proc/{pid}/fd")
                .Take(MaxDescriptors)
                .Any(link =>
                    File.ResolveLinkTarget(link, returnFinalTarget: false)?.FullName is { } target
                    && pipes.Contains(target)
                );
        }
        catch (IOException)
        {
            return false;
        }
        catch (UnauthorizedAccessException)
        {
            return false;
        }
    }
}
