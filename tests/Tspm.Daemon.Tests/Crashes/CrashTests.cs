using Tspm.CaptureLog;
using Tspm.Daemon.Crashes;
using Tspm.Daemon.Supervision;
using Tspm.Protocol.Messages;

namespace Tspm.Daemon.Tests.Crashes;

/// <summary>What ended a run, what changed, and the reports that are kept.</summary>
public sealed class CrashTests
{
    [Theory]
    [InlineData(9, 3, 4, 7, 7, "yes")]
    [InlineData(9, 3, 3, 7, 8, "likely")]
    [InlineData(9, 3, 3, 7, 7, "no")]
    [InlineData(11, 3, 4, 7, 8, "no")]
    [InlineData(9, null, null, 7, 8, "likely")]
    [InlineData(9, null, null, null, null, "unknown")]
    public void The_kernel_says_whether_memory_ran_out(
        int signal,
        int? groupBefore,
        int? groupAfter,
        int? machineBefore,
        int? machineAfter,
        string expected
    )
    {
        using var root = new TempFolder();
        Count(root[""], groupBefore, machineBefore);
        var watch = OutOfMemoryWatch.Begin(root[""]);
        Count(root[""], groupAfter, machineAfter);

        Assert.Equal(expected, watch.Judge(signal));
    }

    [Fact]
    public void Changes_name_variables_and_never_their_values()
    {
        var before = RunSetup.Of(Spec(["a", "--token=geheim"], "/x", ["A=1", "B=2", "C=secret"]));
        var after = RunSetup.Of(Spec(["a", "-v"], "/y", ["A=1", "B=3", "D=4"]));

        var changes = after.Since(new GoodRun(4, DateTimeOffset.UnixEpoch, before));

        Assert.Equal(["a", "--token=••••(8)"], changes.CommandBefore);
        Assert.Equal("/x", changes.CwdBefore);
        Assert.Equal(["D"], changes.EnvAdded);
        Assert.Equal(["C"], changes.EnvRemoved);
        Assert.Equal(["B"], changes.EnvChanged);
        Assert.False(changes.IsNone);
        Assert.DoesNotContain("secret", before.ToString(), StringComparison.Ordinal);
        Assert.DoesNotContain(
            "secret",
            string.Join(' ', before.Env.Values),
            StringComparison.Ordinal
        );
    }

    [Fact]
    public void The_same_setup_has_no_changes()
    {
        var setup = RunSetup.Of(Spec(["a"], "/", ["A=1"]));

        Assert.True(setup.Since(new GoodRun(1, DateTimeOffset.UnixEpoch, setup)).IsNone);
    }

    [Fact]
    public void A_report_comes_back_as_it_was_and_is_for_its_owner_alone()
    {
        using var folder = new TempFolder();
        var reports = new CrashReports(HomePaths.At(folder[""]), 3);
        var lines = new[] { new CrashLine(7, "2026-01-31T14:05:06.0000000Z", "err", "ouch \"x\"") };

        reports.Write(Report(5), lines);

        Assert.Equal([5u], reports.ListRuns());
        var read = reports.Read(5)!;
        Assert.Equal(
            (1, 5u, 3, "exit", "self"),
            (read.V, read.Run, read.Code, read.Ended, read.By)
        );
        Assert.Equal(lines, reports.ReadLines(5));
        foreach (var file in Directory.EnumerateFiles(folder[""], "*", SearchOption.AllDirectories))
        {
            Assert.Equal(
                UnixFileMode.UserRead | UnixFileMode.UserWrite,
                File.GetUnixFileMode(file)
            );
        }
    }

    [Fact]
    public void The_oldest_reports_go()
    {
        using var folder = new TempFolder();
        var reports = new CrashReports(HomePaths.At(folder[""]), 3);

        for (var run = 1u; run <= CrashReports.MaxReports + 5; run++)
        {
            reports.Write(Report(run), [new CrashLine(1, "", "out", "oops")]);
        }

        var left = reports.ListRuns();
        Assert.Equal(CrashReports.MaxReports, left.Count);
        Assert.Equal((105u, 6u), (left[0], left[^1]));
        Assert.Equal(
            2 * CrashReports.MaxReports,
            Directory.GetFiles(folder[""], "*", SearchOption.AllDirectories).Length
        );
    }

    [Fact]
    public void A_damaged_report_is_as_good_as_none()
    {
        using var folder = new TempFolder();
        var reports = new CrashReports(HomePaths.At(folder[""]), 3);
        reports.Write(Report(5), []);
        var facts = Directory.GetFiles(folder[""], "5.json", SearchOption.AllDirectories).Single();

        File.WriteAllText(facts, "{\"v\":1,");

        Assert.Null(reports.Read(5));
    }

    [Theory]
    [InlineData(127, 0, "a shell did not find the command")]
    [InlineData(137, 0, "a shell says so of a program that SIGKILL ended")]
    [InlineData(3, 0, null)]
    public void Codes_have_their_common_meaning(int code, int signal, string? expected) =>
        Assert.Equal(expected, ExitMeaning.Of(code, signal, "no"));

    [Theory]
    [InlineData(0, 0, "self", false)]
    [InlineData(3, 0, "self", true)]
    [InlineData(null, 15, "tspm", false)]
    [InlineData(null, 9, "kernel", true)]
    [InlineData(null, 0, "unknown", true)]
    public void A_run_that_was_stopped_has_not_failed(
        int? code,
        int signal,
        string by,
        bool expected
    )
    {
        var run = new RunRecord
        {
            Run = 1,
            RunId = Guid.Empty,
            StartedAt = DateTimeOffset.UnixEpoch,
            EndedAt = DateTimeOffset.UnixEpoch,
            Code = code,
            Signal = signal,
            By = by,
        };

        Assert.Equal(expected, RunReport.IsFailure(run));
    }

    private static CrashReport Report(uint run) =>
        new()
        {
            Id = 3,
            Ns = "default",
            Name = "web",
            Run = run,
            Ended = "exit",
            Code = 3,
            By = "self",
        };

    private static ProcessSpec Spec(string[] command, string cwd, string[] env) =>
        new()
        {
            Name = "web",
            Command = command,
            Cwd = cwd,
            Env = env,
        };

    private static void Count(string root, int? inGroup, int? inMachine)
    {
        Directory.CreateDirectory(Path.Join(root, "proc/self"));
        Directory.CreateDirectory(Path.Join(root, "sys/fs/cgroup/user/app"));
        File.WriteAllText(
            Path.Join(root, "proc/self/cgroup"),
            inGroup is null ? "3:cpu:/\n" : "0::/user/app\n"
        );
        File.WriteAllText(
            Path.Join(root, "sys/fs/cgroup/user/app/memory.events"),
            $"low 0\noom 1\noom_kill {inGroup ?? 0}\n"
        );
        if (inMachine is { } count)
        {
            File.WriteAllText(Path.Join(root, "proc/vmstat"), $"pgfault 1\noom_kill {count}\n");
        }
    }
}
