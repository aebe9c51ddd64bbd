using System.Text;
using System.Text.Json;
using Tspm.Protocol.Messages;

namespace Tspm.Cli.Rendering;

/// <summary>The words of a life-cycle entry.</summary>
internal static class EventText
{
    /// <summary>One line, cleaned, for the JSON body of an event.</summary>
    public static string Format(ReadOnlySpan<byte> body)
    {
        try
        {
            if (JsonSerializer.Deserialize(body, ProtocolJsonContext.Default.LogEvent) is { } told)
            {
                return Format(told);
            }
        }
        catch (JsonException)
        {
            // A newer or damaged log; what is there is shown as it is.
        }

        return TerminalSanitizer.Clean(Encoding.UTF8.GetString(body).TrimEnd('\n'));
    }

    /// <summary>One line, cleaned.</summary>
    public static string Format(LogEvent told)
    {
        var text = told.What switch
        {
            LogEvents.RunStart => told.Pid is { } pid
                ? $"run {told.Run} started (pid {pid})"
                : $"run {told.Run} started",
            LogEvents.RunExit =>
                $"run {told.Run} {Ending(told)}{Peak(told)}{Drain(told)}{Next(told)}",
            LogEvents.SpawnFailed =>
                $"run {told.Run} could not be started{Failure(told)}{Next(told)}",
            LogEvents.DaemonReplaced => "a new tspm daemon took over",
            LogEvents.KeeperReplaced => "a new tspm keeper took over",
            LogEvents.Uncaptured => Uncaptured(told),
            LogEvents.Created => "log created",
            LogEvents.Ready => $"run {told.Run} is ready",
            LogEvents.NotReady => $"run {told.Run} is not ready",
            LogEvents.Unhealthy => $"run {told.Run} is unhealthy",
            LogEvents.Healthy => $"run {told.Run} is healthy",
            LogEvents.Stopping => told.By is { Length: > 0 } who
                ? $"run {told.Run} is being stopped by {who}"
                : $"run {told.Run} is being stopped",
            LogEvents.WaitingFor => "waits for others",
            LogEvents.Failed => "given up",
            LogEvents.Survivors => $"run {told.Run} left programs that could not be ended",
            LogEvents.Changed => "changed",
            LogEvents.HookFailed => "a hook could not be told",
            LogEvents.Limit => $"run {told.Run} is over a limit",
            LogEvents.LimitMissing => $"run {told.Run} runs without a limit that was asked for",
            _ => told.What,
        };
        var isTold = told.What == LogEvents.SpawnFailed || string.IsNullOrEmpty(told.Message);
        return TerminalSanitizer.Clean(isTold ? text : $"{text}: {told.Message}");
    }

    private static string Uncaptured(LogEvent told)
    {
        var window = told is { From: { } from, To: { } to }
            ? $" between {TimeOf(from)} and {TimeOf(to)}"
            : string.Empty;
        var bound = told.MaxBytes is { } bytes ? $", at most {bytes / 1024} KiB" : string.Empty;
        return $"daemon and keeper had both died; output{window} may be missing{bound}";
    }

    private static string TimeOf(long wall) =>
        DateTimeOffset
            .UnixEpoch.AddTicks(wall)
            .ToLocalTime()
            .ToString("HH:mm:ss", System.Globalization.CultureInfo.InvariantCulture);

    private static string Ending(LogEvent told)
    {
        var after = told.DurationMs is { } duration
            ? $" after {Durations.FormatMilliseconds(duration)}"
            : string.Empty;
        if (told.Signal is { Length: > 0 } signal)
        {
            return told.By == "tspm"
                ? $"stopped with SIG{signal}{after}"
                : $"killed by SIG{signal}{after}";
        }

        return told.Code is { } code
            ? $"exited with code {code}{after}"
            : $"ended{after}, exit code not known";
    }

    private static string Peak(LogEvent told) =>
        told.MaxMemoryBytes is > 0 and var peak ? $", peak {ByteSizes.Format(peak)}" : string.Empty;

    private static string Drain(LogEvent told) =>
        told.Drain == "cut" ? " (another program still holds its output)" : string.Empty;

    private static string Failure(LogEvent told) =>
        (told.Message, told.Errno) switch
        {
            ({ Length: > 0 } message, { } errno) => $": {message} (errno {errno})",
            ({ Length: > 0 } message, null) => $": {message}",
            (_, { } errno) => $" (errno {errno})",
            _ => string.Empty,
        };

    private static string Next(LogEvent told) =>
        told.Next switch
        {
            "restart" => told.NextMs is > 0 and var delay
                ? $"; restarting in {Durations.FormatMilliseconds(delay)}"
                : "; restarting now",
            "failed" => "; given up",
            "stopped" => "; stopped",
            _ => string.Empty,
        };
}
