namespace Tspm.Cli.Launch;

/// <summary>The user's crontab, read and replaced through <c>crontab</c>.</summary>
internal static class CronTable
{
    /// <summary>Its text; empty if there is none; null if there is no cron.</summary>
    public static string? Read()
    {
        // crontab -l ends with 1 if there is no table yet.
        return Tool.Run("crontab", ["-l"]) is { } result
            ? result.Code == 0
                ? result.Output
                : ""
            : null;
    }

    /// <summary>Replaces it; why that failed, or null.</summary>
    public static string? Write(string text) =>
        Tool.Run("crontab", ["-"], text) switch
        {
            null => "there is no crontab",
            { Code: 0 } => null,
            var refused => refused.Reason,
        };

    /// <summary>Our line; null if it is not there.</summary>
    public static string? Find(string table, StartupPlan plan) =>
        table.Split('\n').FirstOrDefault(line => IsOurs(line, plan));

    /// <summary>The table without our line, and with it again if there is one.</summary>
    public static string Replace(string table, StartupPlan plan, string? line)
    {
        var others = table.Split('\n').Where(old => !IsOurs(old, plan)).ToList();
        while (others.Count > 0 && others[^1].Length == 0)
        {
            others.RemoveAt(others.Count - 1);
        }

        if (line is not null)
        {
            others.Add(line);
        }

        return others.Count == 0 ? "" : string.Join('\n', others) + "\n";
    }

    private static bool IsOurs(string line, StartupPlan plan) =>
        line.StartsWith("@reboot ", StringComparison.Ordinal)
        && line.EndsWith(plan.CronMark, StringComparison.Ordinal);
}
