using Tspm.Protocol;
using Tspm.Protocol.Messages;
using Tspm.Protocol.Specs;

namespace Tspm.Daemon.Supervision;

/// <summary>Changes of known processes: settings, names, how many there are.</summary>
internal sealed class ListEditor(ProcessRegistry registry, ProcessFactory factory)
{
    private const string Namespace = "namespace=";

    /// <summary>Changes settings of one process; all of them or none.</summary>
    public async Task<ActionResult> SetAsync(
        ProcessSupervisor process,
        IReadOnlyList<string> changes
    )
    {
        var moves = changes.Where(IsMove).ToList();
        if (moves.Count == 0)
        {
            return await SetHereAsync(process, changes);
        }

        // What is wrong with the others is said before it moves.
        List<string> others = [.. changes.Where(change => !IsMove(change))];
        if (others.Count > 0 && FindFault(process.Record.Spec, others) is { } fault)
        {
            return process.Result(ErrorCodes.BadRequest, fault);
        }

        var ns = moves[^1][Namespace.Length..];
        var moved =
            ns == process.Record.Spec.Ns
                ? process.Result(null, $"is in namespace {ns} already")
                : await RenameAsync(process, process.Record.Spec.Name, ns);
        return moved.Error is null && others.Count > 0
            ? await SetHereAsync(process, others)
            : moved;
    }

    private static bool IsMove(string change) =>
        change.StartsWith(Namespace, StringComparison.Ordinal);

    private string? FindFault(ProcessSpec old, IReadOnlyList<string> changes) =>
        Apply(old, changes, [], out var spec)
        ?? SpecFaults.Find(spec)
        ?? factory.FindDependencyFault(spec);

    private async Task<ActionResult> SetHereAsync(
        ProcessSupervisor process,
        IReadOnlyList<string> changes
    )
    {
        var keys = new List<string>();
        if (Apply(process.Record.Spec, changes, keys, out var spec) is { } fault)
        {
            return process.Result(ErrorCodes.BadRequest, fault);
        }

        if ((SpecFaults.Find(spec) ?? factory.FindDependencyFault(spec)) is { } wrong)
        {
            return process.Result(ErrorCodes.BadRequest, wrong);
        }

        var isLater = keys.Any(key => !SpecEdit.HoldsAtOnce(key));
        return await process.EditAsync(
            record =>
            {
                // Again, on the record as it is now: another change may have come between.
                _ = Apply(record.Spec, changes, [], out var edited);
                return record with { Spec = edited };
            },
            $"set {string.Join(", ", keys)}",
            isLater
        );
    }

    /// <summary>Gives a process another name; those that depend on it go on doing so.</summary>
    public async Task<ActionResult> RenameAsync(
        ProcessSupervisor process,
        string name,
        string? newNs
    )
    {
        var spec = process.Record.Spec;
        var ns = newNs ?? spec.Ns;
        if ((ProcessNames.FindFault(name) ?? ProcessNames.FindFault(ns)) is { } fault)
        {
            return process.Result(ErrorCodes.BadRequest, $"\"{ns}/{name}\": {fault}");
        }

        if (!registry.TryReserve(ns, name))
        {
            return process.Result(
                ErrorCodes.Conflict,
                $"there is a process named \"{ns}/{name}\" already"
            );
        }

        try
        {
            foreach (var other in registry.All)
            {
                await FollowRenameAsync(other, spec, ns, name);
            }

            return await process.EditAsync(
                record =>
                    record with
                    {
                        Spec = record.Spec with
                        {
                            Name = name,
                            Ns = ns,
                            // In another namespace it stays one of its group, under another name it is one of its own.
                            Instance = name == record.Spec.Name ? record.Spec.Instance : null,
                            DependsOn =
                            [
                                .. record.Spec.DependsOn.Select(one => Qualify(one, spec.Ns, ns)),
                            ],
                        },
                    },
                $"renamed from {spec.Ns}/{spec.Name} to {ns}/{name}"
            );
        }
        finally
        {
            registry.Release(ns, name);
        }
    }

    /// <summary>Has so many instances: makes those that are missing, deletes the last ones that are too many.</summary>
    public async Task<IReadOnlyList<ActionResult>> ScaleAsync(
        IReadOnlyList<ProcessSupervisor> found,
        int count
    )
    {
        var ordered = found.OrderBy(one => one.Record.Spec.Instance?.Index ?? 0).ToList();
        var first = ordered[0];
        if (count is < 1 or > InstanceSpec.MaxInstances)
        {
            return
            [
                first.Result(
                    ErrorCodes.BadRequest,
                    $"{count} instances are not within 1 to {InstanceSpec.MaxInstances}",
                    "none at all: tspm delete"
                ),
            ];
        }

        if (
            !Instances.IsNumbered(first.Record.Spec)
            && await JoinGroupAsync(first) is { Error: not null } not
        )
        {
            return [not];
        }

        var results = new List<ActionResult>();
        foreach (
            var extra in ordered
                .Where(one => (one.Record.Spec.Instance?.Index ?? 0) >= count)
                .Reverse()
        )
        {
            results.Add(await factory.DeleteAsync(extra, keepLogs: false));
        }

        var there = ordered.Select(one => one.Record.Spec.Instance?.Index ?? 0).ToHashSet();
        foreach (var index in Enumerable.Range(0, count).Where(index => !there.Contains(index)))
        {
            var made = Instances.Make(first.Record.Spec, index);
            results.Add(await factory.StartNewAsync(made, replace: false, isTemporary: false));
        }

        return results.Count > 0 ? results : [first.Result(null, $"has {count} instances already")];
    }

    private async Task<ActionResult> JoinGroupAsync(ProcessSupervisor process)
    {
        var spec = process.Record.Spec;
        var named = Instances.Make(spec, 0);
        if (!registry.TryReserve(named.Ns, named.Name))
        {
            return process.Result(
                ErrorCodes.Conflict,
                $"there is a process named \"{named.Name}\" already"
            );
        }

        try
        {
            return await process.EditAsync(
                record => record with { Spec = Instances.Make(record.Spec, 0) },
                $"renamed from {spec.Name} to {named.Name}, the first of several"
            );
        }
        finally
        {
            registry.Release(named.Ns, named.Name);
        }
    }

    /// <summary>A bare name meant the namespace that is left now.</summary>
    private static DependencySpec Qualify(DependencySpec one, string oldNs, string ns) =>
        oldNs == ns || one.Name.Contains('/') ? one : one with { Name = $"{oldNs}/{one.Name}" };

    private static async Task FollowRenameAsync(
        ProcessSupervisor other,
        ProcessSpec renamed,
        string ns,
        string name
    )
    {
        var own = other.Record.Spec.Ns;
        DependencySpec Follow(DependencySpec one) =>
            Dependencies.DependencyGraph.Means(one, own, renamed.Ns, renamed.Name, null)
                ? one with
                {
                    Name = ns == own ? name : $"{ns}/{name}",
                }
                : one;
        if (other.Record.Spec.DependsOn.Any(one => Follow(one) != one))
        {
            await other.EditAsync(
                record =>
                    record with
                    {
                        Spec = record.Spec with
                        {
                            DependsOn = [.. record.Spec.DependsOn.Select(Follow)],
                        },
                    },
                $"depends on {ns}/{name}, as {renamed.Ns}/{renamed.Name} is called now"
            );
        }
    }

    private static string? Apply(
        ProcessSpec old,
        IReadOnlyList<string> changes,
        List<string> keys,
        out ProcessSpec spec
    )
    {
        spec = old;
        foreach (var change in changes)
        {
            var equals = change.IndexOf('=', StringComparison.Ordinal);
            if (equals <= 0)
            {
                return $"\"{change}\" is not key=value";
            }

            var key = change[..equals];
            if (SpecEdit.TryApply(ref spec, key, change[(equals + 1)..]) is { } fault)
            {
                return fault;
            }

            keys.Add(key);
        }

        return keys.Count == 0 ? "no setting is named" : null;
    }
}
