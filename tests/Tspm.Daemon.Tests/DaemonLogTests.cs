using System.Reflection;
using System.Text.Json;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Time.Testing;
using Tspm.Daemon.Logging;

namespace Tspm.Daemon.Tests;

/// <summary>The daemon's own log.</summary>
public sealed class DaemonLogTests
{
    private const long RotatesAt = 1024 * 1024;

    private readonly FakeTimeProvider _time = new(
        new DateTimeOffset(2026, 1, 2, 3, 4, 5, TimeSpan.Zero)
    );

    [Fact]
    public void Each_message_is_one_json_object_on_one_line()
    {
        using var folder = new TempFolder();
        using (var log = new JsonFileLogger(folder["log"], _time))
        {
            DaemonLog.Stopping(log, "line one\nline \"two\" \u0001 é");
            DaemonLog.IngestFailed(log, new InvalidOperationException("no\nroom"));
        }

        var lines = File.ReadAllText(folder["log"]).Split('\n');

        Assert.Equal(3, lines.Length);
        Assert.Equal("", lines[2]);
        using var first = JsonDocument.Parse(lines[0]);
        Assert.Equal("2026-01-02T03:04:05Z", first.RootElement.GetProperty("ts").GetString());
        Assert.Equal("Information", first.RootElement.GetProperty("level").GetString());
        Assert.Equal(1001, first.RootElement.GetProperty("id").GetInt32());
        Assert.Equal(
            "daemon stops: line one\nline \"two\" \u0001 é",
            first.RootElement.GetProperty("msg").GetString()
        );
        Assert.False(first.RootElement.TryGetProperty("error", out _));
        using var second = JsonDocument.Parse(lines[1]);
        Assert.Contains("no\nroom", second.RootElement.GetProperty("error").GetString());
    }

    [Fact]
    public void Debug_messages_are_not_written()
    {
        using var folder = new TempFolder();
        using var log = new JsonFileLogger(folder["log"], _time);

        DaemonLog.Connected(log, "cli", 7);

        Assert.Equal(0, new FileInfo(folder["log"]).Length);
    }

    [Fact]
    public void A_log_that_is_opened_again_is_appended_to_and_is_for_its_owner_alone()
    {
        using var folder = new TempFolder();

        foreach (var reason in new[] { "one", "two" })
        {
            using var log = new JsonFileLogger(folder["log"], _time);
            DaemonLog.Stopping(log, reason);
        }

        Assert.Equal(2, File.ReadAllLines(folder["log"]).Length);
        Assert.Equal(
            UnixFileMode.UserRead | UnixFileMode.UserWrite,
            File.GetUnixFileMode(folder["log"])
        );
    }

    [Fact]
    public void A_log_that_has_grown_too_long_becomes_the_one_before_and_no_line_is_lost()
    {
        using var folder = new TempFolder();
        using var log = new JsonFileLogger(folder["log"], _time);
        var kilobyte = new string('x', 1024);
        var written = 0;

        while (!File.Exists(folder["log.1"]) && written < 2 * RotatesAt / kilobyte.Length)
        {
            DaemonLog.Stopping(log, kilobyte);
            written++;
        }

        Assert.Equal(["log", "log.1"], folder.FileNames());
        Assert.InRange(new FileInfo(folder["log.1"]).Length, RotatesAt, RotatesAt + 2048);
        string[] lines =
        [
            .. File.ReadAllLines(folder["log.1"]),
            .. File.ReadAllLines(folder["log"]),
        ];
        Assert.Equal(written, lines.Length);
        Assert.All(lines, line => JsonDocument.Parse(line).Dispose());
        Assert.Equal(0, log.Lost);
    }

    [Fact]
    public void Lines_of_a_log_whose_directory_is_missing_are_counted_as_lost()
    {
        using var folder = new TempFolder();
        using var log = new JsonFileLogger(folder["missing/log"], _time);

        DaemonLog.Stopping(log, "one");
        DaemonLog.Stopping(log, "two");

        Assert.Equal(2, log.Lost);
    }

    [Fact]
    public void A_log_that_was_deleted_begins_anew_at_its_rotation()
    {
        using var folder = new TempFolder();
        using var log = new JsonFileLogger(folder["log"], _time);
        File.Delete(folder["log"]);
        var kilobyte = new string('x', 1024);

        for (long written = 0; written < 2 * RotatesAt; written += kilobyte.Length)
        {
            DaemonLog.Stopping(log, kilobyte);
        }

        Assert.Equal(0, log.Lost);
        Assert.True(new FileInfo(folder["log"]).Length > 0);
    }

    [Fact]
    public void A_directory_in_the_place_of_the_log_loses_lines_and_stops_nothing()
    {
        using var folder = new TempFolder();
        Directory.CreateDirectory(folder["log"]);
        using var log = new JsonFileLogger(folder["log"], _time);

        DaemonLog.Stopping(log, "one");
        Directory.Delete(folder["log"]);
        DaemonLog.Stopping(log, "two");

        Assert.Equal(1, log.Lost);
        Assert.Single(File.ReadAllLines(folder["log"]));
    }

    [Fact]
    public void Every_message_has_an_event_id_of_its_own()
    {
        var ids = typeof(DaemonLog)
            .GetMethods(BindingFlags.Static | BindingFlags.Public | BindingFlags.NonPublic)
            .Select(method => method.GetCustomAttribute<LoggerMessageAttribute>()?.EventId)
            .OfType<int>()
            .ToList();

        Assert.NotEmpty(ids);
        Assert.Equal(ids.Distinct().Count(), ids.Count);
        Assert.All(ids, id => Assert.InRange(id, 1000, 4999));
    }
}
