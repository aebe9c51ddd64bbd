using System.Globalization;
using System.Text;
using Tspm.Protocol.Messages;

namespace Tspm.Cli.Rendering;

/// <summary>All facts about a process, for people.</summary>
internal static class DescribeText
{
    /// <summary>Parts of the last five minutes in a picture.</summary>
    public const int PictureCells = 30;

    private const int KeyColumn = 14;
    private const double FullCpu = 100;
    private const double LeastRate = 10;

    /// <summary>The text.</summary>
    /// <param name="process">The facts.</param>
    /// <param name="samples">What it used in the last minutes; null shows no picture.</param>
    public static string Format(ProcessView process, ProcessSamples? samples = null)
    {
        var text = new StringBuilder();
        text.Append($"{Clean(process.Ns)}/{Clean(process.Name)} (id {process.Id})\n");
        Row(
            text,
            "status",
            Clean(process.StatusText) + (process.Reason is { } reason ? $": {Clean(reason)}" : "")
        );
        Row(text, "pid", process.Pid?.ToString(CultureInfo.InvariantCulture) ?? "-");
        Row(text, "run", $"{process.Run}  {process.RunId}");
        Row(text, "uptime", process.UptimeSeconds is { } up ? Durations.FormatSeconds(up) : "-");
        Row(text, "restarts", $"{process.Restarts}  (policy {process.Restart})");
        Row(text, "command", string.Join(' ', process.Command.Select(Quote)));
        if (process.HasSecretArguments)
        {
            Row(
                text,
                "warning",
                "a secret is among its arguments: ps shows it to every user of this machine"
            );
        }

        Row(text, "directory", Clean(process.Cwd));
        Use(text, process);
        Pictures(text, samples);
        StopOf(text, process);
        Supervision(text, process);
        Hidden(text, process);
        if (process.Log is { } log)
        {
            Row(
                text,
                "log",
                $"{Counted.Of(log.Head, "entry", "entries")}, {ByteSizes.Format(log.Bytes)}; in the ring from seq {log.OldestRing}, on disk from seq {log.OldestDisk}; epoch {log.Epoch}"
            );
            Row(text, "log files", Clean(log.Path));
            Row(text, "log id", log.LogId);
        }

        Counters(text, process.Counters);
        Runs(text, process, hasPictures: samples is not null);
        Surroundings(text, process);
        return text.ToString();
    }

    private static void StopOf(StringBuilder text, ProcessView process)
    {
        if (process.Stop is { } stop)
        {
            var first =
                stop.Command.Count > 0
                    ? $"command {string.Join(' ', stop.Command.Select(Quote))}"
                    : $"signal {string.Join(", ", stop.MoreSignals.Prepend(stop.Signal).Select(Protocol.Specs.SignalText.NameOf))}";
            Row(
                text,
                "stop",
                $"{first}, then SIGKILL after {Durations.FormatMilliseconds(stop.TimeoutMs)}, scope {stop.Scope}"
            );
        }
    }

    private static void Pictures(StringBuilder text, ProcessSamples? samples)
    {
        if (samples?.Cpu is { } cpu && cpu.Any(part => part is not null))
        {
            Row(text, "cpu 5m", Draw(Sparkline.ValuesOf(cpu), FullCpu));
            Row(text, "memory 5m", Draw(Sparkline.ValuesOf(samples.Memory), 1));
            Row(text, "lines/s 5m", Draw(Sparkline.ValuesOf(samples.Lines), LeastRate));
        }
    }

    private static string Draw(IReadOnlyList<double> values, double least) =>
        Sparkline.Draw(values, PictureCells, least, missing: '·');

    private static void Use(StringBuilder text, ProcessView process)
    {
        Row(
            text,
            "memory, cpu",
            $"{(process.MemoryBytes is { } memory ? ByteSizes.Format(memory) : "-")}, {process.CpuPercent?.ToString(CultureInfo.InvariantCulture) ?? "-"}%"
        );
        if (process.Use is { } use)
        {
            Row(
                text,
                "uses",
                $"{Counted.Of(use.Programs, "program")}, {Counted.Of(use.Threads, "thread")}, {(use.OpenFiles is { } open ? Counted.Of(open, "open file") : "- open files")}, "
                    + $"{(use.PssBytes is { } pss ? ByteSizes.Format(pss) : "-")} proportional memory, peak seen {ByteSizes.Format(use.PeakBytes)}, "
                    + $"{use.LinesPerSecond?.ToString(CultureInfo.InvariantCulture) ?? "-"} lines/s"
            );
        }

        if (process.Limits is { } limits)
        {
            Row(text, "limits", Clean(string.Join(", ", limits)));
        }

        foreach (var hook in process.Hooks ?? [])
        {
            Row(text, "hook", Clean(hook));
        }

        if (process.LimitsMissing is { } missing)
        {
            Row(text, "not kept", Clean(missing));
        }
    }

    private static void Supervision(StringBuilder text, ProcessView process)
    {
        if (process.RestartPolicy is { } policy)
        {
            Row(
                text,
                "restart",
                $"{policy.Policy}, given up after {Counted.Of(policy.MaxRestarts, "run")} shorter than {Durations.FormatMilliseconds(policy.MinUptimeMs)} within {Durations.FormatMilliseconds(policy.WithinMs)}, back-off {Durations.FormatMilliseconds(policy.InitialDelayMs)} to {Durations.FormatMilliseconds(policy.MaxDelayMs)}"
            );
        }

        if (process.WaitsFor is { } others)
        {
            Row(text, "waits for", Clean(others));
        }

        if (process.DependsOn is { } needs)
        {
            Row(text, "depends on", Clean(string.Join(", ", needs)));
        }

        if (process.Ready is { } ready)
        {
            Row(text, "ready", Clean(ready.Check));
        }

        if (process.Health is { } health)
        {
            Row(
                text,
                "health",
                $"{Clean(health.Check)} every {Durations.FormatMilliseconds(health.EveryMs)}, unhealthy after {health.Failures}, then {Clean(health.Action)}"
            );
        }

        Causes(text, process);
        if (process.Labels is { } labels)
        {
            Row(text, "labels", Clean(string.Join(", ", labels)));
        }
    }

    /// <summary>What starts it besides people.</summary>
    private static void Causes(StringBuilder text, ProcessView process)
    {
        if (process.Watch is { } watch)
        {
            var but = watch.Ignore.Count > 0 ? $" but {string.Join(", ", watch.Ignore)}" : "";
            Row(text, "watch", Clean(string.Join(", ", watch.Paths) + but));
        }

        if (process.Schedule is { } schedule)
        {
            var zone = schedule.Zone is { } name ? $" {name}" : "";
            Row(
                text,
                "schedule",
                Clean($"{schedule.Cron}{zone}: {schedule.Action}, next {NextText.Format(process)}")
            );
        }
    }

    private static void Counters(StringBuilder text, LogCountersView? counters)
    {
        if (counters is null)
        {
            return;
        }

        Row(
            text,
            "printed",
            $"{ByteSizes.Format(counters.Bytes)}: {Counted.Of(counters.Out, "line")} out, {counters.Err} err, {Counted.Of(counters.Events, "event")}; {counters.Parts} split, {Counted.Of(counters.Collapsed, "progress text")} left out"
        );
        Row(
            text,
            "lost",
            counters.Lost.Count == 0
                ? "nothing"
                : string.Join(
                    ", ",
                    counters.Lost.Select(lost => $"{lost.Count} {Clean(lost.Reason)}")
                )
        );
        Row(
            text,
            "on disk",
            $"{ByteSizes.FormatLong(counters.DiskBytes)}; not on the device yet: {Durations.FormatMilliseconds((long)(counters.SyncLagSeconds * 1000))}"
        );
        if (counters.DiskState != DiskStates.Good)
        {
            Row(text, "disk", EventText.OfDisk(counters.DiskState));
        }
    }

    private static void Hidden(StringBuilder text, ProcessView process)
    {
        if (process.Secrets is { } secrets)
        {
            Row(text, "secrets", Clean(string.Join(", ", secrets)));
        }

        if (process.RedactPatterns > 0)
        {
            var patterns = process.Redact is { } shown
                ? string.Join("  ", shown)
                : "hidden themselves";
            Row(text, "redact", Clean($"{process.RedactPatterns} ({patterns})"));
        }
    }

    private static void Surroundings(StringBuilder text, ProcessView process)
    {
        foreach (var child in process.Children ?? [])
        {
            Row(text, "child", $"{child.Pid}  {Clean(child.Command)}");
        }

        text.Append("\nenvironment\n");
        foreach (var variable in process.Env ?? [])
        {
            text.Append("  ").Append(Clean(variable)).Append('\n');
        }
    }

    private static void Runs(StringBuilder text, ProcessView process, bool hasPictures)
    {
        text.Append("\nlast runs");
        text.Append(hasPictures ? $"  {RunStrip.Draw(process)}" : null).Append('\n');
        foreach (var run in process.Runs ?? [])
        {
            var end =
                run.EndedAt is null ? "runs"
                : run.ExitSignal is { } signal ? $"killed by {signal}"
                : run.ExitCode is { } code ? $"exit code {code}"
                : "ended";
            var peak = PeakText.Of(run.MaxMemoryBytes, run.MemoryAtMostBytes);
            var memory = peak is null ? "" : $", {peak}";
            var reason = run.Reason is { } why ? $" ({Clean(why)})" : "";
            text.Append($"  {run.Run, 4}  {run.StartedAt}  pid {run.Pid}  {end}{memory}{reason}\n");
        }
    }

    private static void Row(StringBuilder text, string key, string value) =>
        text.Append("  ").Append(key.PadRight(KeyColumn)).Append(value).Append('\n');

    private static string Quote(string word) =>
        word.Length > 0
        && word.All(c =>
            char.IsAsciiLetterOrDigit(c) || "-_./:=@%+,".Contains(c, StringComparison.Ordinal)
        )
            ? word
            : $"'{Clean(word).Replace("'", "'\\''", StringComparison.Ordinal)}'";

    private static string Clean(string text) => TerminalSanitizer.Clean(text);
}
