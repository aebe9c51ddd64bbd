using System.Collections;
using Microsoft.Extensions.Logging;
using Tspm.CaptureLog;
using Tspm.Daemon.Interop;
using Tspm.Daemon.Logging;

namespace Tspm.Daemon.Keeper;

/// <summary>Starts a keeper in place of one that died, and waits longer each time that does not help.</summary>
/// <remarks>One caller. Within a unit of systemd that is left to systemd for 2 s.</remarks>
internal sealed class KeeperStarter(
    IReadOnlyList<string> command,
    HomePaths home,
    ILogger log,
    TimeProvider time
)
{
    private static readonly TimeSpan UnitPatience = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan StartPatience = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan FirstDelay = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan LongestDelay = TimeSpan.FromSeconds(5);
    private readonly bool _isInUnit =
        Environment.GetEnvironmentVariable("INVOCATION_ID") is { Length: > 0 };
    private int _child;
    private int _starts;
    private long _lostAt = time.GetTimestamp();
    private long _startedAt;

    /// <summary>The keeper is gone since now.</summary>
    public void OnLost() => _lostAt = time.GetTimestamp();

    /// <summary>One is there.</summary>
    public void OnFound() => _starts = 0;

    /// <summary>Starts one if it is time.</summary>
    public void StartIfDue()
    {
        Reap();
        var isLeftToSystemd = _isInUnit && time.GetElapsedTime(_lostAt) < UnitPatience;
        var isStarting = _child > 0 && time.GetElapsedTime(_startedAt) < StartPatience;
        if (command.Count == 0 || isLeftToSystemd || isStarting || !IsDue())
        {
            return;
        }

        _starts++;
        _startedAt = time.GetTimestamp();
        var errno = DetachedProcess.Start(command, OwnEnvironment(), out _child);
        if (errno == 0)
        {
            CrashPoint.Pass(CrashPoint.AfterKeeper);
            DaemonLog.KeeperStarting(log, _child);
        }
        else
        {
            DaemonLog.KeeperNotStarted(log, $"{command[0]}: errno {errno}");
        }
    }

    /// <summary>Our environment without the mark of a run.</summary>
    private static List<string> OwnEnvironment()
    {
        var entries = new List<string>();
        foreach (DictionaryEntry entry in Environment.GetEnvironmentVariables())
        {
            if (entry.Key is string name && name != "TSPM_RUN")
            {
                entries.Add($"{name}={entry.Value}");
            }
        }

        return entries;
    }

    private bool IsDue()
    {
        if (_starts == 0)
        {
            return true;
        }

        var delay = FirstDelay * Math.Pow(2, Math.Min(_starts - 1, 10));
        return time.GetElapsedTime(_startedAt) >= (delay < LongestDelay ? delay : LongestDelay);
    }

    private void Reap()
    {
        if (_child > 0 && LibC.TryReap(_child, out var code))
        {
            DaemonLog.KeeperNotStarted(log, $"it ended with code {code}; see {home.KeeperLog}");
            _child = 0;
        }
    }
}
