using Tspm.Cli.Rendering;
using Tspm.Protocol.Messages;

namespace Tspm.Cli.Commands;

/// <summary>A row for each process that is on its way: what it waits for, how long, and how long it may.</summary>
internal sealed class ProgressRows(CliContext context, ProgressAim aim)
{
    private Dictionary<uint, ProcessView>? _specs;
    private readonly Dictionary<uint, (string Status, TimeSpan At)> _since = [];

    /// <summary>Asks the daemon, and makes the rows; none if it does not answer.</summary>
    public IReadOnlyList<string> Read(TimeSpan elapsed)
    {
        // How each is started and stopped does not change meanwhile: it is asked for once.
        _specs ??= context
            .Launcher.AskRunning(daemon => daemon.Describe(aim.Select))
            ?.Processes.ToDictionary(one => one.Id);
        var reply = context.Launcher.AskRunning(daemon => daemon.List(aim.Select));
        return reply is null ? [] : Describe(reply.Processes, _specs ?? [], elapsed);
    }

    /// <summary>The rows.</summary>
    /// <param name="processes">As they are now.</param>
    /// <param name="specs">What describe says of them, by id.</param>
    /// <param name="elapsed">Since the operation began.</param>
    public IReadOnlyList<string> Describe(
        IReadOnlyList<ProcessView> processes,
        IReadOnlyDictionary<uint, ProcessView> specs,
        TimeSpan elapsed
    )
    {
        var rows = new List<string>();
        foreach (var one in processes)
        {
            var row = RowOf(one, specs.GetValueOrDefault(one.Id), TimeIn(one, elapsed), elapsed);
            if (row is not null)
            {
                rows.Add(row);
            }
        }

        return rows;
    }

    /// <summary><c>stopping web … 4s of 10s, SIGTERM sent</c>.</summary>
    /// <param name="name">Whom.</param>
    /// <param name="stop">How; null if it is not known.</param>
    /// <param name="graceMs">Time until SIGKILL; negative if it is not known.</param>
    /// <param name="elapsed">Since it was asked to.</param>
    public static string StopRow(string name, StopSpec? stop, long graceMs, TimeSpan elapsed)
    {
        var text = $"stopping {TerminalSanitizer.Clean(name)}";
        if (graceMs >= 0 && elapsed.TotalMilliseconds > graceMs)
        {
            return $"{text} … {Durations.FormatMilliseconds(graceMs)} are over, SIGKILL sent";
        }

        var asked =
            stop is null ? ""
            : stop.Command.Count > 0 ? ", its stop command was run"
            : $", {SignalNames.NameOf(stop.Signal)} sent";
        return Progress.RowOf(text, elapsed, LimitOf(graceMs)) + asked;
    }

    private string? RowOf(ProcessView one, ProcessView? spec, TimeSpan inState, TimeSpan elapsed)
    {
        var name = TerminalSanitizer.Clean(one.Name);
        return one.Status switch
        {
            ProcessStatuses.Stopping => StopRow(
                one.Name,
                spec?.Stop,
                aim.StopTimeoutMs >= 0 ? aim.StopTimeoutMs : spec?.Stop?.TimeoutMs ?? -1,
                inState
            ),
            ProcessStatuses.Starting => Progress.RowOf($"starting {name}", elapsed, aim.Limit),
            ProcessStatuses.Waiting => Progress.RowOf(
                $"{name} waits for {TerminalSanitizer.Clean(one.WaitsFor ?? "others")}",
                elapsed,
                aim.Limit
            ),
            ProcessStatuses.Backoff when one.NextTrySeconds is { } next => Progress.RowOf(
                $"{name} has ended, next try in {Durations.FormatSeconds(Math.Max(1, Math.Ceiling(next)))}",
                elapsed,
                aim.Limit
            ),
            ProcessStatuses.Running
            or ProcessStatuses.Unhealthy when aim.NeedsReady && one.HasReady => Progress.RowOf(
                $"{name} runs and is not ready",
                aim.Limit is null ? inState : elapsed,
                aim.Limit ?? LimitOf(spec?.Ready?.DeadlineMs ?? -1)
            ),
            _ => null,
        };
    }

    // A state that was there at the first look began with the operation.
    private TimeSpan TimeIn(ProcessView one, TimeSpan elapsed)
    {
        if (!_since.TryGetValue(one.Id, out var before))
        {
            _since[one.Id] = (one.Status, TimeSpan.Zero);
            return elapsed;
        }

        if (before.Status != one.Status)
        {
            _since[one.Id] = (one.Status, elapsed);
            return TimeSpan.Zero;
        }

        return elapsed - before.At;
    }

    private static TimeSpan? LimitOf(long milliseconds) =>
        milliseconds >= 0 ? TimeSpan.FromMilliseconds(milliseconds) : null;
}

/// <summary>What an operation on processes waits for.</summary>
/// <param name="Select">Which processes; empty for all.</param>
internal sealed record ProgressAim(IReadOnlyList<string> Select)
{
    /// <summary>Time until SIGKILL that the command gave; −1 for that of each process.</summary>
    public int StopTimeoutMs { get; init; } = -1;

    /// <summary>How long the command waits at the most; null for no such limit.</summary>
    public TimeSpan? Limit { get; init; }

    /// <summary>Whether those that run are waited for until they are ready.</summary>
    public bool NeedsReady { get; init; }
}
