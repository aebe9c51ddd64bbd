using System.Globalization;
using Tspm.Protocol.Messages;

namespace Tspm.Daemon.Supervision;

/// <summary>How one of several alike differs from the others: its name, TSPM_INSTANCE and PORT; pure.</summary>
internal static class Instances
{
    private const string Variable = "TSPM_INSTANCE=";
    private const string Port = "PORT=";

    /// <summary>The instance with this number of what is named by <paramref name="spec"/>: a plain one, or one of the group.</summary>
    public static ProcessSpec Make(ProcessSpec spec, int index)
    {
        var group = spec.Instance?.Group ?? spec.Name;
        var step = spec.Instance?.PortStep ?? 0;
        var before = IsNumbered(spec) ? spec.Instance!.Index : 0; // numbered means that there is one
        var env = spec
            .Env.Where(one => !one.StartsWith(Variable, StringComparison.Ordinal))
            .ToList();
        var at = env.FindIndex(one => one.StartsWith(Port, StringComparison.Ordinal));
        if (
            step != 0
            && at >= 0
            && int.TryParse(
                env[at].AsSpan(Port.Length),
                NumberStyles.None,
                CultureInfo.InvariantCulture,
                out var port
            )
        )
        {
            env[at] = $"{Port}{port + ((index - before) * step)}";
        }

        env.Add($"{Variable}{index}");
        return spec with
        {
            Name = $"{group}.{index}",
            Env = env,
            Instance = new InstanceSpec
            {
                Group = group,
                Index = index,
                PortStep = step,
            },
        };
    }

    /// <summary>Whether it is one of several: a request names a port step before it is one of several; such a one has no number.</summary>
    public static bool IsNumbered(ProcessSpec spec) =>
        spec.Instance is { } instance && spec.Name == $"{instance.Group}.{instance.Index}";
}
