using System.Text;
using System.Text.Json;
using Tspm.Protocol.Messages;

namespace Tspm.Cli.Rendering;

/// <summary>The words of a life-cycle entry.</summary>
internal static class EventText
{
    /// <summary>Why an exit code is not known.</summary>
    public const string NobodyThere =
        "nobody of tspm was there (on Linux before 6.15: its keeper had died)";

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
            LogEvents.Watching => "its files are watched",
            LogEvents.WatchHit => "changed on disk",
            LogEvents.WatchNote => "watch",
            LogEvents.WatchFailed => "its files are not watched any more",
            LogEvents.Scheduled => "due by its schedule",
            LogEvents.ScheduleSkipped => "a time of its schedule is skipped",
            LogEvents.Signalled => $"run {told.Run} is sent {SignalOf(told)}{ByOf(told)}",
            LogEvents.StdinClosed => $"the stdin of run {told.Run} is closed{ByOf(told)}",
            LogEvents.Disk => Disk(told),
            LogEvents.ClockStep => MarkerText.ClockStep(
                TimeSpan.FromSeconds(told.DeltaSeconds ?? 0)
            ),
            _ => told.What,
        };
        var isTold = told.What == LogEvents.SpawnFailed || string.IsNullOrEmpty(told.Message);
        return TerminalSanitizer.Clean(isTold ? text : $"{text}: {told.Message}");
    }

    private static string ByOf(LogEvent told) =>
        told.By is { Length: > 0 } who ? $" by {who}" : string.Empty;

    private static string SignalOf(LogEvent told) =>
        told.Signal is { Length: > 0 } name && char.IsAsciiDigit(name[0])
            ? $"signal {name}"
            : $"SIG{told.Signal}";

    /// <summary>How the disk of a log is, in words.</summary>
    /// <param name="state">One of <see cref="DiskStates"/>.</param>
    public static string OfDisk(string state) =>
        TerminalSanitizer.Clean(Disk(new LogEvent { What = LogEvents.Disk, State = state }));

    private static string Disk(LogEvent told)
    {
        var number = told.Errno is { } errno ? $" (errno {errno})" : string.Empty;
        return told.State switch
        {
            DiskStates.Full => "the disk is full; output goes on in memory",
            DiskStates.Quota => "the disk quota is used up; output goes on in memory",
            DiskStates.ReadOnly => $"the disk may not be written{number}; output goes on in memory",
            DiskStates.Failed => $"the disk failed{number}; output goes on in memory",
            DiskStates.SyncFailed =>
                $"the disk did not take what was written{number}; what is newer than the last sync may be lost with the machine",
            DiskStates.Changed =>
                "somebody deleted or cut the file that output goes to; what it held is gone",
            DiskStates.Blocked => "the log is at its bound; the program waits",
            DiskStates.Resumed => "the disk takes output again",
            _ => $"disk {told.State}{number}",
        };
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
            : $"ended{after}, exit code not known: {NobodyThere}";
    }

    private static string Peak(LogEvent told) =>
        PeakText.Of(told.MaxMemoryBytes, told.MemoryAtMostBytes) is { } peak
            ? $", {peak}"
            : string.Empty;

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
