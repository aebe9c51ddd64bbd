using Tspm.CaptureLog;

namespace Tspm.Cli.Launch;

/// <summary>Whether tspm is started at boot.</summary>
/// <param name="IsInstalled">Whether it is.</param>
/// <param name="Text">How, or what to do.</param>
internal sealed record StartupState(bool IsInstalled, string Text)
{
    /// <summary>Looks.</summary>
    public static StartupState Find(HomePaths home)
    {
        StartupPlan plan;
        try
        {
            plan = StartupPlan.Of(home, SelfCommand.With(), 0, Environment.GetEnvironmentVariable);
        }
        catch (CliException error)
        {
            return new StartupState(false, $"not installed: {error.Message}");
        }

        if (File.Exists(plan.UnitPath))
        {
            var isOurs =
                !plan.IsUnfit
                && File.ReadAllText(plan.UnitPath)
                    .Contains(ExecLine(plan.UnitText()), StringComparison.Ordinal);
            return new StartupState(
                true,
                $"by the systemd user unit {plan.UnitName}"
                    + (isOurs ? "" : ", which names another program: tspm startup writes it anew")
            );
        }

        return CronTable.Read() is { } table && CronTable.Find(table, plan) is not null
            ? new StartupState(true, "by cron @reboot")
            : new StartupState(false, "not installed; to start what ran at boot: tspm startup");
    }

    private static string ExecLine(string unit) =>
        unit.Split('\n').First(line => line.StartsWith("ExecStart=", StringComparison.Ordinal));
}
