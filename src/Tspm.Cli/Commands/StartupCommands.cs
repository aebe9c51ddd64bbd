using Tspm.Cli.CommandLine;
using Tspm.Cli.Launch;
using Tspm.Daemon;

namespace Tspm.Cli.Commands;

/// <summary><c>startup</c> and <c>unstartup</c>.</summary>
internal static class StartupCommands
{
    private const int DefaultGraceMs = 10_000;

    /// <summary>Installs the unit, or a cron line.</summary>
    public static Task<int> StartupAsync(Invocation invocation)
    {
        var context = CliContext.Of(invocation);
        var plan = PlanOf(context);
        var isCron = invocation.Has("cron");
        if (invocation.Has("print"))
        {
            context.Print(isCron ? plan.CronText() + "\n" : plan.UnitText());
            context.Output.Flush();
            context.Say(
                isCron
                    ? "a line for crontab; nothing was changed"
                    : $"would be {plan.UnitPath}; nothing was changed"
            );
            return Task.FromResult(ExitCodes.Done);
        }

        if (isCron)
        {
            InstallCron(context, plan);
        }
        else
        {
            InstallUnit(context, plan);
            TellLingering(context, invocation.Has("system-linger"));
        }

        return Task.FromResult(ExitCodes.Done);
    }

    /// <summary>Removes what startup installed; stops nothing.</summary>
    public static Task<int> UnstartupAsync(Invocation invocation)
    {
        var context = CliContext.Of(invocation);
        var plan = PlanOf(context);
        var wasThere = RemoveUnit(context, plan);
        if (CronTable.Read() is { } table && CronTable.Find(table, plan) is not null)
        {
            wasThere = true;
            Require(CronTable.Write(CronTable.Replace(table, plan, null)), "crontab -");
            context.PrintLine("the cron line is removed");
        }

        context.PrintLine(
            wasThere
                ? "tspm is not started at boot any more; what runs, runs on"
                : "startup is not installed"
        );
        context.Output.Flush();
        return Task.FromResult(ExitCodes.Done);
    }

    private static StartupPlan PlanOf(CliContext context) =>
        StartupPlan.Of(
            context.Home,
            SelfCommand.With(),
            DaemonHost
                .ReadSaved(context.Home)
                .Select(saved => saved.GraceMs)
                .Append(DefaultGraceMs)
                .Max(),
            Environment.GetEnvironmentVariable
        );

    private static void InstallUnit(CliContext context, StartupPlan plan)
    {
        if (Systemctl("show-environment") is { } fault)
        {
            throw new CliException(
                ExitCodes.Failed,
                $"there is no systemd for this user here: {fault}",
                $"nothing was changed. cron can do it too: tspm startup --cron installs this line:\n  {plan.CronText()}"
            );
        }

        var text = plan.UnitText();
        var old = File.Exists(plan.UnitPath) ? File.ReadAllText(plan.UnitPath) : null;
        if (old != text)
        {
            Replace(plan.UnitPath, text);
        }

        try
        {
            Require(Systemctl("daemon-reload"), "systemctl --user daemon-reload");
            Require(Systemctl("enable", plan.UnitName), "systemctl --user enable");
        }
        catch (CliException)
        {
            // Nothing half made.
            if (old is null)
            {
                File.Delete(plan.UnitPath);
            }
            else
            {
                Replace(plan.UnitPath, old);
            }

            throw;
        }

        context.PrintLine(
            old == text ? $"{plan.UnitPath} is installed already" : $"{plan.UnitPath} is installed"
        );
        Begin(context, plan);
        context.Output.Flush();
    }

    /// <summary>A keeper that runs is left alone: the unit takes over when it has ended.</summary>
    private static void Begin(CliContext context, StartupPlan plan)
    {
        using var keeper = KeeperCaller.TryConnect(context.Home);
        if (keeper is not null)
        {
            context.PrintLine(
                $"the keeper that runs stays as it is; the unit counts from the next boot on, or after: tspm shutdown; systemctl --user start {plan.UnitName}"
            );
            return;
        }

        Require(Systemctl("start", plan.UnitName), $"systemctl --user start {plan.UnitName}");
        context.PrintLine($"{plan.UnitName} is started");
    }

    private static void TellLingering(CliContext context, bool mayEnable)
    {
        var user = Environment.UserName;
        if (mayEnable)
        {
            var result = Tool.Run("loginctl", ["enable-linger", user]);
            Require(
                result is null ? "there is no loginctl"
                    : result.Code == 0 ? null
                    : result.Reason,
                $"loginctl enable-linger {user}"
            );
            context.PrintLine($"{user} lingers: tspm runs from boot on, and after the last logout");
            context.Output.Flush();
            return;
        }

        var told = Tool.Run("loginctl", ["show-user", user, "--property=Linger", "--value"]);
        if (told is not { Code: 0 } || told.Output.Trim() != "yes")
        {
            context.Say(
                $"without lingering systemd starts tspm at the first login of {user}, and ends it after the last logout;"
            );
            context.Say(
                $"to have it run from boot on: loginctl enable-linger {user} (or tspm startup --system-linger)"
            );
        }
    }

    private static void InstallCron(CliContext context, StartupPlan plan)
    {
        var line = plan.CronText();
        var table =
            CronTable.Read()
            ?? throw new CliException(
                ExitCodes.Failed,
                "there is no crontab here",
                $"have this started at boot by other means:\n  {line}"
            );
        var isThere = CronTable.Find(table, plan) == line;
        if (!isThere)
        {
            Require(CronTable.Write(CronTable.Replace(table, plan, line)), "crontab -");
        }

        context.PrintLine(
            isThere ? "the cron line is installed already" : $"installed in crontab: {line}"
        );
        context.Output.Flush();
    }

    private static bool RemoveUnit(CliContext context, StartupPlan plan)
    {
        if (!File.Exists(plan.UnitPath))
        {
            return false;
        }

        var fault = Systemctl("disable", plan.UnitName);
        File.Delete(plan.UnitPath);
        if (fault is null)
        {
            _ = Systemctl("daemon-reload");
        }
        else
        {
            // What enable would have made, so that nothing names a unit that is gone.
            File.Delete(Path.Join(plan.UnitDirectory, "default.target.wants", plan.UnitName));
            context.Say($"systemd could not be told: {fault}");
        }

        context.PrintLine($"{plan.UnitPath} is removed");
        return true;
    }

    private static string? Systemctl(params IReadOnlyList<string> words) =>
        Tool.Run("systemctl", ["--user", .. words]) switch
        {
            null => "there is no systemctl",
            { Code: 0 } => null,
            var refused => refused.Reason,
        };

    private static void Require(string? fault, string what)
    {
        if (fault is not null)
        {
            throw new CliException(ExitCodes.Failed, $"{what}: {fault}");
        }
    }

    private static void Replace(string path, string text)
    {
        // The path has a directory: it is the plan's.
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        File.WriteAllText(path + ".new", text);
        File.Move(path + ".new", path, overwrite: true);
    }
}
