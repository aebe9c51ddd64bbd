using Tspm.CaptureLog;
using Tspm.Cli.Commands;
using Tspm.Cli.Launch;
using Tspm.Cli.Settings;
using Tspm.Protocol.Messages;

namespace Tspm.Cli.Health;

/// <summary>Looks at the home, its socket, the daemon behind it, and the settings file.</summary>
internal sealed class HomeChecks(CliContext context, bool mends)
{
    private const int LongestSocketPath = 107;
    private const UnixFileMode OwnerOnly =
        UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;

    /// <summary>All of them; none starts a daemon.</summary>
    public IEnumerable<HealthCheck> All()
    {
        var home = Home();
        yield return home;
        if (home.Verdict != HealthVerdict.Fault)
        {
            var status = Ask(out var why);
            yield return Socket(status, why);
            yield return Daemon(status);
            yield return Keeper(status);
        }

        yield return SettingsOf();
    }

    private HealthCheck Home()
    {
        var root = context.Home.Root;
        if (!Directory.Exists(root))
        {
            return HealthCheck.Ok("home", $"{root} is not there yet; the first start makes it");
        }

        foreach (var directory in new[] { root, context.Home.Machine })
        {
            if (HomeGuard.FindFault(directory) is not { } fault)
            {
                continue;
            }

            var isOurs = HomeGuard.OwnerOf(directory) == LibC.UserId;
            if (!mends || !isOurs)
            {
                var remedy = isOurs
                    ? $"chmod 700 {directory}"
                    : "another home: --home or TSPM_HOME";
                return new("home", HealthVerdict.Fault, fault, remedy);
            }

            File.SetUnixFileMode(directory, OwnerOnly);
            if (HomeGuard.FindFault(directory) is { } left)
            {
                return new("home", HealthVerdict.Fault, left, "another home: --home or TSPM_HOME");
            }
        }

        return HealthCheck.Ok("home", $"{root}, for its owner alone");
    }

    private StatusReply? Ask(out string? why)
    {
        why = null;
        try
        {
            return context.Launcher.AskRunning(daemon => daemon.GetStatus());
        }
        catch (CliException error)
        {
            why = error.Message;
            return null;
        }
    }

    private HealthCheck Socket(StatusReply? status, string? why)
    {
        var path = context.Home.Socket;
        if (why is not null)
        {
            return new("socket", HealthVerdict.Fault, why, "see: tspm daemon status");
        }

        var isLong = System.Text.Encoding.UTF8.GetByteCount(path) > LongestSocketPath;
        var length = isLong ? " (longer than 107 bytes: reached through its directory)" : "";
        if (status is not null)
        {
            return HealthCheck.Ok("socket", path + length);
        }

        if (!File.Exists(path))
        {
            return HealthCheck.Ok("socket", $"{path} is not there: no daemon runs{length}");
        }

        if (!mends)
        {
            return new(
                "socket",
                HealthVerdict.Warning,
                $"{path} is there and nobody answers",
                "tspm daemon start, or: tspm doctor --fix"
            );
        }

        using var turn = LibC.OpenLocked(context.Home.StartLock);
        if (turn is not null && Ask(out _) is null)
        {
            File.Delete(path);
        }

        return HealthCheck.Ok("socket", $"{path}: nobody served it; taken away");
    }

    private static HealthCheck Daemon(StatusReply? status) =>
        status is null
            ? HealthCheck.Ok("daemon", "none runs; the first command that needs one starts it")
        : status.Build != BuildFacts.BuildId
            ? new(
                "daemon",
                HealthVerdict.Warning,
                $"pid {status.Pid}, version {status.Version}, of another build than this command ({BuildFacts.Version})",
                "tspm daemon restart (no program is touched)"
            )
        : HealthCheck.Ok(
            "daemon",
            $"pid {status.Pid}, version {status.Version}, protocol {status.Protocol}"
        );

    private static HealthCheck Keeper(StatusReply? status) =>
        status is null ? HealthCheck.Ok("keeper", "none is needed yet")
        : status.KeeperPid > 0 && ProcessEnd.IsAlive(status.KeeperPid)
            ? HealthCheck.Ok("keeper", $"pid {status.KeeperPid}")
        : new(
            "keeper",
            HealthVerdict.Fault,
            "it is gone: output of programs is not kept",
            "tspm shutdown; tspm daemon start"
        );

    private static HealthCheck SettingsOf()
    {
        var path = SettingsFile.PathOf(Environment.GetEnvironmentVariable);
        if (path is null || !File.Exists(path))
        {
            return HealthCheck.Ok(
                "settings",
                path is null ? "no place for a file" : $"{path} is not there"
            );
        }

        try
        {
            return HealthCheck.Ok(
                "settings",
                $"{path}, {SettingsDefaults.Read(path).Count} defaults"
            );
        }
        catch (CliException error)
        {
            return new("settings", HealthVerdict.Fault, error.Message, error.Hint);
        }
        catch (IOException error)
        {
            return new("settings", HealthVerdict.Fault, error.Message, $"chmod 600 {path}");
        }
    }
}
