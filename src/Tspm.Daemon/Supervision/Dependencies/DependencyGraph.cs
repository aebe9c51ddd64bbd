using Tspm.Protocol.Messages;

namespace Tspm.Daemon.Supervision.Dependencies;

/// <summary>Who depends on whom; pure.</summary>
internal sealed class DependencyGraph
{
    private readonly IReadOnlyList<ProcessSpec> _all;
    private readonly Dictionary<ProcessSpec, List<ProcessSpec>> _needs = new(
        ReferenceEqualityComparer.Instance
    );

    /// <summary>Makes the graph of these processes.</summary>
    public DependencyGraph(IEnumerable<ProcessSpec> all)
    {
        _all = [.. all];
        foreach (var spec in _all)
        {
            _needs[spec] =
            [
                .. _all.Where(other =>
                    spec.DependsOn.Count > 0
                    && spec.DependsOn.Any(wanted =>
                        Means(wanted, spec.Ns, other.Ns, other.Name, other.Instance?.Group)
                    )
                ),
            ];
        }
    }

    /// <summary>Whether a dependency means a process.</summary>
    public static bool Means(
        DependencySpec wanted,
        string ownNs,
        string ns,
        string name,
        string? group
    )
    {
        var slash = wanted.Name.IndexOf('/', StringComparison.Ordinal);
        var wantedNs = slash < 0 ? ownNs : wanted.Name[..slash];
        var wantedName = wanted.Name[(slash + 1)..];
        return ns == wantedNs && (name == wantedName || group == wantedName);
    }

    /// <summary>A way back to where it began, "web → db → web"; null if there is none.</summary>
    public string? FindCycle()
    {
        var done = new HashSet<ProcessSpec>(ReferenceEqualityComparer.Instance);
        var path = new List<ProcessSpec>();
        return _all.Select(spec => FindCycle(spec, done, path))
            .FirstOrDefault(found => found is not null);
    }

    /// <summary>Those that a process needs, over any number of steps; not itself.</summary>
    public IReadOnlyList<ProcessSpec> NeedsOf(ProcessSpec spec) =>
        Reach(spec, one => _needs.GetValueOrDefault(one, []));

    /// <summary>Those that need a process, over any number of steps; not itself.</summary>
    public IReadOnlyList<ProcessSpec> DependantsOf(ProcessSpec spec) =>
        Reach(spec, DirectDependants);

    /// <summary>Those that name a process as what they need.</summary>
    public IEnumerable<ProcessSpec> DirectDependants(ProcessSpec spec) =>
        _all.Where(other => _needs[other].Contains(spec, ReferenceEqualityComparer.Instance));

    private string? FindCycle(ProcessSpec spec, HashSet<ProcessSpec> done, List<ProcessSpec> path)
    {
        var at = path.IndexOf(spec);
        if (at >= 0)
        {
            return string.Join(" → ", path.Skip(at).Append(spec).Select(one => one.Name));
        }

        if (!done.Add(spec))
        {
            return null;
        }

        path.Add(spec);
        foreach (var needed in _needs[spec])
        {
            if (FindCycle(needed, done, path) is { } cycle)
            {
                return cycle;
            }
        }

        path.RemoveAt(path.Count - 1);
        return null;
    }

    private static List<ProcessSpec> Reach(
        ProcessSpec from,
        Func<ProcessSpec, IEnumerable<ProcessSpec>> step
    )
    {
        var seen = new HashSet<ProcessSpec>(ReferenceEqualityComparer.Instance) { from };
        var found = new List<ProcessSpec>();
        var open = new Queue<ProcessSpec>([from]);
        while (open.TryDequeue(out var one))
        {
            foreach (var next in step(one).Where(seen.Add))
            {
                found.Add(next);
                open.Enqueue(next);
            }
        }

        return found;
    }
}
