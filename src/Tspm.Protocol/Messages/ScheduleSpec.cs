namespace Tspm.Protocol.Messages;

/// <summary>When a process is started again by the clock.</summary>
public sealed record ScheduleSpec
{
    /// <summary>A cron expression of five fields, six with seconds, or a name such as <c>@daily</c>.</summary>
    public required string Cron { get; init; }

    /// <summary>One of <see cref="ScheduleActions"/>.</summary>
    public string Action { get; set; } = ScheduleActions.Restart;

    /// <summary>One of <see cref="MissedActions"/>.</summary>
    public string Missed { get; set; } = MissedActions.Run;

    /// <summary>The time zone by its IANA name; null for the daemon's own.</summary>
    public string? Zone { get; init; }
}

/// <summary>What is done when its time has come.</summary>
public static class ScheduleActions
{
    /// <summary>It is restarted; it also runs between.</summary>
    public const string Restart = "restart";

    /// <summary>It is started if it does not run, and runs to its end.</summary>
    public const string Run = "run";

    /// <summary>Both of them.</summary>
    public static readonly IReadOnlyList<string> All = [Restart, Run];
}

/// <summary>What becomes of times at which the machine slept or no daemon was there.</summary>
public static class MissedActions
{
    /// <summary>They are made up for, once for all of them.</summary>
    public const string Run = "run";

    /// <summary>They are told and skipped.</summary>
    public const string Skip = "skip";

    /// <summary>Both of them.</summary>
    public static readonly IReadOnlyList<string> All = [Run, Skip];
}
