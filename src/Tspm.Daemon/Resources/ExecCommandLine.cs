using System.Globalization;
using Tspm.CaptureLog;
using Tspm.Protocol.Messages;

namespace Tspm.Daemon.Resources;

/// <summary>Makes of a program that is to be limited the command line that limits it and then becomes it.</summary>
internal static class ExecCommandLine
{
    /// <summary>Whether a program needs it.</summary>
    public static bool IsNeeded(ProcessSpec spec) =>
        spec.Limits
            is { Kernel.Count: > 0 }
                or { Nice: not null }
                or { OomScore: not null }
                or { NoNewPrivileges: true }
                or { CgroupMemoryBytes: > 0 }
                or { CgroupCpuPercent: > 0 }
                or { CgroupPrograms: > 0 };

    /// <summary>The words.</summary>
    /// <param name="self">How this binary's <c>__exec</c> is called.</param>
    /// <param name="spec">The program and its limits.</param>
    /// <param name="report">Where a failure is told; null on its stderr.</param>
    /// <param name="group">The control group it goes into; null for none.</param>
    public static IReadOnlyList<string> Of(
        IReadOnlyList<string> self,
        ProcessSpec spec,
        string? report,
        string? group
    )
    {
        var limits = spec.Limits ?? new LimitSpec();
        var words = new List<string>(self);
        void Add(string option, string? value)
        {
            if (value is not null)
            {
                words.Add(option);
                words.Add(value);
            }
        }

        Add(ExecWords.Report, report);
        Add(ExecWords.Group, group);
        Add(ExecWords.Nice, limits.Nice?.ToString(CultureInfo.InvariantCulture));
        Add(ExecWords.OomScore, limits.OomScore?.ToString(CultureInfo.InvariantCulture));
        Add(ExecWords.NoNewPrivileges, limits.NoNewPrivileges ? "1" : null);
        // Limits of memory last: __exec itself needs some.
        foreach (var limit in limits.Kernel.OrderBy(one => one.Name is "as" or "data" or "stack"))
        {
            Add(
                ExecWords.Limit,
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"{limit.Name}={limit.Soft}:{limit.Hard}"
                )
            );
        }

        words.Add(ExecWords.Separator);
        words.AddRange(spec.Command);
        return words;
    }
}
