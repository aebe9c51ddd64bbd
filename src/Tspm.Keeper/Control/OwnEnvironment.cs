using System.Collections;

namespace Tspm.Keeper.Control;

/// <summary>Our environment as others get it.</summary>
internal static class OwnEnvironment
{
    /// <summary>What the service manager says to us alone.</summary>
    public static readonly IReadOnlyList<string> OfService =
    [
        "NOTIFY_SOCKET",
        "WATCHDOG_PID",
        "WATCHDOG_USEC",
        "LISTEN_FDS",
        "LISTEN_PID",
        "LISTEN_FDNAMES",
    ];

    // Garbage of requests is collected every 4 MiB; without this the budget is the size of the processor's cache.
    private const string YoungestGeneration = "DOTNET_GCgen0size";
    private const int YoungestGenerationBytes = 4 * 1024 * 1024;

    /// <summary>The same for the daemon, which collects its garbage early.</summary>
    public static List<string> ForDaemon()
    {
        var entries = List();
        if (Environment.GetEnvironmentVariable(YoungestGeneration) is null)
        {
            entries.Add($"{YoungestGeneration}={YoungestGenerationBytes:x}");
        }

        return entries;
    }

    /// <summary>Without the mark of a run, since a tspm inside a managed program may have started us.</summary>
    /// <param name="isForUs">With what the service manager says to us: for the program that we go on as.</param>
    public static List<string> List(bool isForUs = false)
    {
        var entries = new List<string>();
        foreach (DictionaryEntry entry in Environment.GetEnvironmentVariables())
        {
            if (
                entry.Key is string name
                && name != "TSPM_RUN"
                && (isForUs || !OfService.Contains(name))
            )
            {
                entries.Add($"{name}={entry.Value}");
            }
        }

        return entries;
    }

    /// <summary>Whether an entry, NAME=value, is what was said to us; the daemon gives programs a NOTIFY_SOCKET of its own.</summary>
    public static bool IsOurs(string entry) =>
        entry.StartsWith("TSPM_RUN=", StringComparison.Ordinal)
        || OfService.Any(name =>
            entry.StartsWith(name + "=", StringComparison.Ordinal)
            && entry[(name.Length + 1)..] == Environment.GetEnvironmentVariable(name)
        );
}
