using Tspm.Logs;

namespace Tspm.Daemon.Topics;

/// <summary>From the names of streams to a filter.</summary>
internal static class LogFilters
{
    /// <summary>Reads the names; none means all.</summary>
    /// <returns>Null if they are names of streams; else what is wrong.</returns>
    public static string? TryParse(IReadOnlyList<string> streams, out LogFilter filter)
    {
        filter = LogFilter.All;
        if (streams.Count == 0)
        {
            return null;
        }

        filter = default;
        foreach (var name in streams)
        {
            switch (name)
            {
                case "out":
                    filter = filter with { Out = true };
                    break;
                case "err":
                    filter = filter with { Err = true };
                    break;
                case "event":
                    filter = filter with { Events = true };
                    break;
                default:
                    return $"\"{name}\" is not a stream: out, err, event";
            }
        }

        return null;
    }
}
