using Tspm.Daemon.Topics;
using Tspm.Logs;
using Tspm.Protocol.Messages;

namespace Tspm.Daemon.Supervision;

/// <summary>From the patterns of a spec to what its log does not show.</summary>
internal static class Redactions
{
    /// <summary>What is hidden; null if nothing is.</summary>
    public static LineRedaction? Of(ProcessSpec spec) =>
        spec.Redact.Count > 0 ? new LineRedaction(spec.Redact) : null;

    /// <summary>What is wrong with the patterns; null if nothing is.</summary>
    public static string? FindFault(IReadOnlyList<string> patterns)
    {
        if (patterns.Count > ProcessSpec.MaxRedact)
        {
            return $"redact: {patterns.Count} patterns are more than {ProcessSpec.MaxRedact}";
        }

        foreach (var pattern in patterns)
        {
            if (LogFilters.TryParse(pattern, LineRedaction.Options, out var regex) is { } fault)
            {
                return $"redact: {fault}";
            }

            if (regex.IsMatch(""))
            {
                return $"redact: the pattern \"{pattern}\" matches where nothing is; it would hide nothing, or all";
            }
        }

        return null;
    }
}
