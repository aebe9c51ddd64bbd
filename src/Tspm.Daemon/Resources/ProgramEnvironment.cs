using System.Text;
using Tspm.Protocol.Messages;
using Tspm.Protocol.Specs;

namespace Tspm.Daemon.Resources;

/// <summary>The environment of a program: what it inherited, then its files as they are now, then what was given for it alone.</summary>
internal static class ProgramEnvironment
{
    /// <summary>The most bytes of an environment.</summary>
    public const int MaxBytes = 1024 * 1024;

    /// <summary>Reads it.</summary>
    /// <returns>Null, or why it cannot be had.</returns>
    public static string? TryRead(ProcessSpec spec, out IReadOnlyList<string> variables)
    {
        variables = spec.Env;
        if (spec.EnvFiles.Count == 0)
        {
            return FindFault(variables);
        }

        var inherited = spec.Inherited.ToHashSet(StringComparer.Ordinal);
        var all = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var one in spec.Env.Where(one => inherited.Contains(NameOf(one))))
        {
            all[NameOf(one)] = one;
        }

        foreach (var file in spec.EnvFiles)
        {
            if (EnvFile.TryRead(file, out var read) is { } fault)
            {
                return $"env-file {fault}";
            }

            foreach (var one in read)
            {
                all[NameOf(one)] = one;
            }
        }

        foreach (var one in spec.Env.Where(one => !inherited.Contains(NameOf(one))))
        {
            all[NameOf(one)] = one;
        }

        variables = [.. all.Values.Order(StringComparer.Ordinal)];
        return FindFault(variables);
    }

    /// <summary>The same for what only helps, a check or a stop command: without files that cannot be read.</summary>
    public static IReadOnlyList<string> Of(ProcessSpec spec) =>
        TryRead(spec, out var variables) is null ? variables : spec.Env;

    /// <summary>What is wrong with an environment, with value and range; null if nothing is.</summary>
    public static string? FindFault(IReadOnlyList<string> variables)
    {
        var bytes = variables.Sum(one => (long)Encoding.UTF8.GetByteCount(one) + 1);
        return bytes > MaxBytes
            ? $"the environment has {bytes} bytes, which is not within 0 to {MaxBytes}"
            : null;
    }

    /// <summary>The same spec with what a caller would inherit now; what was given for it alone stays.</summary>
    public static ProcessSpec Update(ProcessSpec spec, IReadOnlyList<string> caller)
    {
        var inherited = spec.Inherited.ToHashSet(StringComparer.Ordinal);
        var own = spec
            .Env.Where(one => !inherited.Contains(NameOf(one)))
            .ToDictionary(NameOf, one => one, StringComparer.Ordinal);
        var isOld = inherited.Count == 0 && spec.InheritEnv is null;
        var fresh = caller
            .Where(one => spec.InheritEnv is null || spec.InheritEnv.Contains(NameOf(one)))
            .Where(one => isOld || !own.ContainsKey(NameOf(one)))
            .ToList();
        foreach (var one in fresh)
        {
            // Only of a process that an older tspm made, which did not note what was inherited.
            own.Remove(NameOf(one));
        }

        return spec with
        {
            Env = [.. own.Values.Concat(fresh).Order(StringComparer.Ordinal)],
            Inherited = [.. fresh.Select(NameOf).Order(StringComparer.Ordinal)],
        };
    }

    /// <summary>What is other in names, for people: never a value.</summary>
    public static string Compare(ProcessSpec before, ProcessSpec after)
    {
        var old = before.Env.ToDictionary(NameOf, one => one, StringComparer.Ordinal);
        var now = after.Env.ToDictionary(NameOf, one => one, StringComparer.Ordinal);
        var parts = new List<string>();
        void Add(string what, IEnumerable<string> names)
        {
            const int most = 10;
            var all = names.Order(StringComparer.Ordinal).ToList();
            if (all.Count > 0)
            {
                var more = all.Count > most ? $" and {all.Count - most} more" : "";
                parts.Add($"{what} {string.Join(", ", all.Take(most))}{more}");
            }
        }

        Add("added", now.Keys.Where(name => !old.ContainsKey(name)));
        Add("removed", old.Keys.Where(name => !now.ContainsKey(name)));
        Add(
            "changed",
            now.Keys.Where(name => old.TryGetValue(name, out var was) && was != now[name])
        );
        return parts.Count == 0
            ? "environment updated: nothing is other"
            : $"environment updated: {string.Join("; ", parts)}";
    }

    private static string NameOf(string variable) =>
        variable.IndexOf('=', StringComparison.Ordinal) is > 0 and var equals
            ? variable[..equals]
            : variable;
}
