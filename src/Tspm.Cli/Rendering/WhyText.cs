using System.Globalization;
using System.Text;
using Tspm.Protocol.Messages;

namespace Tspm.Cli.Rendering;

/// <summary>Why a run ended, for people.</summary>
internal static class WhyText
{
    private const int KeyColumn = 14;

    /// <summary>The text of an answer.</summary>
    /// <param name="answer">What the daemon said.</param>
    /// <param name="zone">The zone of its times.</param>
    public static string Format(WhyAnswer answer, TimeZoneInfo zone)
    {
        var text = new StringBuilder();
        var process = answer.Process;
        var name = Clean($"{process.Ns}/{process.Name}");
        if (answer.Run is not { } run)
        {
            text.Append($"{name}: no run has ended yet\n");
            Row(text, "now", Next(process));
            return text.ToString();
        }

        text.Append($"{name}: run {run.Run} {Ending(run)}\n");
        Row(text, "meaning", run.Meaning);
        Row(text, "reason", run.Message);
        Row(text, "ended", run.EndedAt is null ? null : Local(run.EndedAt, zone));
        Row(text, "by", By(run));
        Row(text, "used", Used(run));
        Row(text, "command", string.Join(' ', run.Command));
        Row(text, "changed", Changes(run, zone));
        Row(text, "now", Next(process));
        Lines(text, answer, zone);
        return text.ToString();
    }

    /// <summary>One row per crash report.</summary>
    public static string FormatList(WhyAnswer answer, TimeZoneInfo zone)
    {
        var text = new StringBuilder();
        foreach (var report in answer.Reports)
        {
            var ended = report.EndedAt is null ? "-" : Local(report.EndedAt, zone);
            text.Append(
                $"{Clean(report.Ns)}/{Clean(report.Name)}  run {report.Run, 4}  {ended}  {Ending(report)}\n"
            );
        }

        return text.ToString();
    }

    private static string Ending(CrashReport run)
    {
        var after = run.DurationSeconds is { } seconds
            ? $" after {Durations.FormatMilliseconds((long)(seconds * 1000))}"
            : "";
        return run.Ended switch
        {
            "not-started" => "could not be started",
            "signal" => $"was ended by SIG{Clean(run.Signal ?? "?")}{after}",
            "exit" => $"exited with code {run.Code}{after}",
            _ => $"ended{after}; how is not known: {EventText.NobodyThere}",
        };
    }

    private static string? By(CrashReport run) =>
        run.By switch
        {
            "self" => run.Ended == "not-started" ? null : "the program itself",
            "tspm" => "tspm, because somebody asked it to",
            "kernel" => "the kernel, for lack of memory",
            _ when run.Ended == "signal" => "unknown: Linux does not tell who sent a signal"
                + (run.OutOfMemory == "unknown" ? ", nor here whether memory ran out" : ""),
            _ => null,
        };

    private static string? Used(CrashReport run)
    {
        var memory = PeakText.Of(run.MaxMemoryBytes, run.MemoryAtMostBytes);
        var cpu = run.CpuSeconds is { } seconds
            ? string.Create(CultureInfo.InvariantCulture, $"CPU {seconds:0.###}s")
            : null;
        return string.Join(", ", new[] { memory, cpu }.OfType<string>());
    }

    private static string Changes(CrashReport run, TimeZoneInfo zone)
    {
        if (run.Changes is not { } changes)
        {
            return "no good run is known to compare with";
        }

        var ended = changes.GoodEndedAt is { } at ? $", ended {Local(at, zone)}" : "";
        var good = $"the last good run ({changes.GoodRun}{ended})";
        if (changes.IsNone)
        {
            return $"nothing since {good}";
        }

        var what = new List<string>();
        Add(what, "command was", changes.CommandBefore, " ");
        Add(what, "directory was", changes.CwdBefore is { } cwd ? [cwd] : null, " ");
        Add(what, "new variables", changes.EnvAdded, ", ");
        Add(what, "variables gone", changes.EnvRemoved, ", ");
        Add(what, "variables with another value", changes.EnvChanged, ", ");
        return $"since {good}: {string.Join("; ", what)}";
    }

    private static void Add(
        List<string> what,
        string title,
        IReadOnlyList<string>? words,
        string between
    )
    {
        if (words is { Count: > 0 })
        {
            what.Add($"{title} {string.Join(between, words)}");
        }
    }

    private static string Next(ProcessView process) =>
        process.Status switch
        {
            ProcessStatuses.Running or ProcessStatuses.Starting =>
                $"run {process.Run} runs (pid {process.Pid?.ToString(CultureInfo.InvariantCulture) ?? "-"})",
            ProcessStatuses.Backoff =>
                $"waits; next try in {Durations.FormatSeconds(process.NextTrySeconds ?? 0)} (restart {process.Restarts + 1})",
            ProcessStatuses.Failed =>
                $"given up{(process.Reason is { } why ? $": {why}" : "")}; to try again: tspm start {process.Name}",
            ProcessStatuses.Stopped => $"stopped; to start it: tspm start {process.Name}",
            ProcessStatuses.Exited =>
                $"not started again (policy {process.Restart}); to start it: tspm start {process.Name}",
            _ => process.StatusText,
        };

    private static void Lines(StringBuilder text, WhyAnswer answer, TimeZoneInfo zone)
    {
        // Not null: there is a run.
        var run = answer.Run!;
        if (answer.Lines.Count == 0)
        {
            text.Append("\nno output of that run is there any more, or it printed nothing\n");
            return;
        }

        text.Append("\nlast lines of both streams\n");
        foreach (var line in answer.Lines)
        {
            var sign = line.Stream == "err" ? '!' : '|';
            var time = Parse(line.Ts, zone).ToString("HH:mm:ss.fff", CultureInfo.InvariantCulture);
            text.Append($"  {time} {sign} {Clean(line.Msg)}\n");
        }

        text.Append(
            $"\nall of it: tspm logs {Clean(run.Name)} --run {run.Run}{(answer.IsReport ? $"; more lines: tspm why {Clean(run.Name)} --run {run.Run} -n 1000" : "")}\n"
        );
    }

    private static void Row(StringBuilder text, string key, string? value)
    {
        if (!string.IsNullOrEmpty(value))
        {
            text.Append("  ").Append(key.PadRight(KeyColumn)).Append(Clean(value)).Append('\n');
        }
    }

    private static string Local(string time, TimeZoneInfo zone) =>
        Parse(time, zone).ToString("yyyy-MM-dd HH:mm:ss", CultureInfo.InvariantCulture);

    private static DateTimeOffset Parse(string time, TimeZoneInfo zone) =>
        DateTimeOffset.TryParse(
            time,
            CultureInfo.InvariantCulture,
            DateTimeStyles.AssumeUniversal,
            out var parsed
        )
            ? TimeZoneInfo.ConvertTime(parsed, zone)
            : DateTimeOffset.UnixEpoch;

    private static string Clean(string text) => TerminalSanitizer.Clean(text);
}
