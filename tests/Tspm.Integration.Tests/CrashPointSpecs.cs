using System.Globalization;
using System.Reflection;
using System.Text.RegularExpressions;
using Tspm.CaptureLog;

namespace Tspm.Integration.Tests;

/// <summary>Keeper and daemon killed exactly between two steps (CrashPoint): nothing lost, doubled or started twice.</summary>
public sealed partial class CrashPointSpecs
{
    private const int LogSlotBytes = 64;

    /// <summary>Files with a step that needs no point of its own, and why.</summary>
    private static readonly Dictionary<string, string> WithoutPoint = new(StringComparer.Ordinal)
    {
        ["Tspm.CaptureLog/DaemonTrouble.cs"] =
            "a word for people; keeper.daemon-ended is before it",
        ["Tspm.CaptureLog/HomeIdentity.cs"] =
            "written last of an adoption; keeper.adopting is before",
        ["Tspm.CaptureLog/WakePage.cs"] =
            "numbers that may be late; keeper.journaled is before them",
        ["Tspm.Daemon/Archive/ArchiveServer.cs"] = "a command's own, in a directory of its own",
        ["Tspm.Daemon/Input/RunInput.cs"] = "the name of a pipe, which the keeper takes away too",
        ["Tspm.Daemon/Interop/ChildCommand.cs"] = "checks and hooks: nothing of them is kept",
        ["Tspm.Daemon/Interop/DetachedProcess.cs"] = "daemon.keeper stands where it is called",
        ["Tspm.Daemon/Logging/JsonFileLogger.cs"] = "the daemon's own log, for people",
        ["Tspm.Daemon/Persistence/ChecksumStream.cs"] =
            "the list beside; daemon.saving is after it",
        ["Tspm.Daemon/Resources/ExecReport.cs"] = "a socket's name, made anew for each run",
        ["Tspm.Daemon/Supervision/Checks/NotifySocket.cs"] = "the same",
        ["Tspm.Daemon/Supervision/Cgroups.cs"] = "groups are looked for by name, whoever made them",
        ["Tspm.Keeper/Capture/DataFile.cs"] = "FileCare and Spawner have the points",
        ["Tspm.Keeper/Capture/DataFileWriter.cs"] = "the same",
        ["Tspm.Keeper/Capture/ProcessFiles.cs"] =
            "an empty try between home and spill; keeper.adopting",
        ["Tspm.Keeper/Capture/SyncProbe.cs"] = "a file that means nothing, made anew each time",
        ["Tspm.Keeper/Children/RunEntry.cs"] = "stdin's pipe; keeper.pipes is after it",
        ["Tspm.Keeper/Interop/Disk.cs"] = "the calls themselves",
        ["Tspm.Keeper/KeeperLog.cs"] = "the keeper's own log, for people",
        ["Tspm.Keeper/Reexec/BinaryCheck.cs"] = "a look at a program; keeper.executing follows",
        ["Tspm.Logs/Index/IndexSalvage.cs"] = "one header in place: torn, it is salvaged again",
        ["Tspm.Logs/Index/LogIndex.cs"] = "files below the floor; daemon.expired is before it",
    };

    [Theory]
    [InlineData("keeper.intent", 1)]
    [InlineData("keeper.intent", 2)]
    [InlineData("keeper.spawned", 1)]
    [InlineData("keeper.spawned", 2)]
    [InlineData("keeper.spliced", 1)]
    [InlineData("keeper.spliced", 5)]
    [InlineData("keeper.exited", 1)]
    [InlineData("daemon.numbered", 2)]
    [InlineData("daemon.numbered", 4)]
    [InlineData("daemon.indexed", 2)]
    [InlineData("daemon.indexed", 4)]
    [InlineData("daemon.saving", 1)]
    [InlineData("daemon.saving", 3)]
    public async Task A_death_between_two_steps_costs_nothing(string point, int count)
    {
        await using var home = new TspmHome();
        var once = home.Root + ".once";
        var gate = home.Root + ".gate";
        await File.WriteAllTextAsync(once, "", TestContext.Current.CancellationToken);
        var at = string.Create(CultureInfo.InvariantCulture, $"{point}:{count}");
        await home.ShellAsync($"TSPM_CRASH_AT={at} TSPM_CRASH_ONCE={once} $T daemon start");

        await StartAsync(home, "first", gate);
        await StartAsync(home, "second", gate);
        await WholeAsync(home);
        await File.WriteAllTextAsync(gate, "", TestContext.Current.CancellationToken);
        await EndedAsync(home, "first");
        await EndedAsync(home, "second");
        File.Delete(gate);

        // A busy machine does in one step what an idle one does in several: there is work until there were enough.
        await home.StartShellAsync("pump", $"while [ -e {once} ]; do echo; sleep 0.01; done");
        await TspmHome.UntilAsync(
            () => Task.FromResult(!File.Exists(once)),
            $"{point} is passed {count} times"
        );
        await WholeAsync(home);
        await CheckAsync(home, "first");
        await CheckAsync(home, "second");
    }

    [Theory]
    [InlineData("keeper.answering", "start")]
    [InlineData("keeper.ending", "end")]
    [InlineData("keeper.journal", "kill the keeper")]
    [InlineData("keeper.adopting", "kill the keeper")]
    [InlineData("keeper.synced", "start")]
    [InlineData("keeper.daemon", "kill the daemon")]
    [InlineData("keeper.executing", "upgrade")]
    [InlineData("keeper.executed", "upgrade")]
    [InlineData("daemon.spawned", "start")]
    [InlineData("daemon.saved", "start")]
    [InlineData("daemon.recovering", "kill the daemon")]
    [InlineData("daemon.serving", "kill the daemon")]
    [InlineData("daemon.signalled", "stop")]
    [InlineData("keeper.pipes", "start")]
    [InlineData("keeper.journaled", "start")]
    [InlineData("keeper.stream-ended", "end")]
    [InlineData("keeper.locked", "kill the keeper")]
    [InlineData("keeper.listening", "kill the keeper")]
    [InlineData("keeper.signalled", "stop")]
    [InlineData("keeper.daemon-ended", "kill the daemon")]
    [InlineData("daemon.locked", "kill the daemon")]
    [InlineData("daemon.keeper", "kill the keeper")]
    [InlineData("daemon.lent", "kill the keeper")]
    [InlineData("daemon.answering", "start")]
    [InlineData("daemon.reporting", "end")]
    [InlineData("daemon.forgetting", "kill the keeper and start")]
    public async Task A_death_in_the_middle_of_something_costs_nothing(string point, string trigger)
    {
        await using var home = new TspmHome();
        var gate = home.Root + ".gate";
        var once = await ArmedAsync(home, point);
        await StartAsync(home, "first", gate);
        await StartAsync(home, "idle", "/");
        await home.EndedAsync("idle");
        await home.RunAsync(
            "start",
            "--name",
            "stopped",
            "--restart",
            "always",
            "--",
            "/bin/sleep",
            "1000"
        );

        await File.WriteAllTextAsync(once, "", TestContext.Current.CancellationToken);
        await TriggerAsync(home, trigger, gate);
        await TspmHome.UntilAsync(() => Task.FromResult(!File.Exists(once)), $"{point} is passed");
        await WholeAsync(home);
        await File.WriteAllTextAsync(gate, "", TestContext.Current.CancellationToken);
        await EndedAsync(home, "first");
        File.Delete(gate);

        await CheckAsync(home, "first");
        await CheckAsync(home, "idle");
        var stopped = await home.JsonAsync("describe", "stopped", "--json");
        Assert.Equal(1, stopped.GetProperty("run").GetInt32());
        var isStopped = trigger == "stop";
        Assert.Equal(isStopped ? "stopped" : "running", stopped.GetProperty("status").GetString());
        if (trigger.EndsWith("start", StringComparison.Ordinal))
        {
            await EndedAsync(home, "second");
            await CheckAsync(home, "second");
        }
    }

    [Theory]
    [InlineData("keeper.orphaned")]
    public async Task A_death_while_an_orphan_gets_a_file_of_its_own_costs_no_line(string point)
    {
        await using var home = new TspmHome();
        var gate = home.Root + ".gate";
        var once = await ArmedAsync(home, point);
        await File.WriteAllTextAsync(once, "", TestContext.Current.CancellationToken);
        await home.StartShellAsync(
            "web",
            $"(while [ ! -e {gate} ]; do sleep 0.02; done; echo late) & echo early; exit 3"
        );

        await TspmHome.UntilAsync(() => Task.FromResult(!File.Exists(once)), $"{point} is passed");
        await WholeAsync(home);
        await File.WriteAllTextAsync(gate, "", TestContext.Current.CancellationToken);
        await TspmHome.UntilAsync(
            async () => (await LinesAsync(home, "web")).Contains("late"),
            "what the orphan prints is there"
        );

        Assert.Equal(["early", "late"], await LinesAsync(home, "web"));
        var view = await home.JsonAsync("describe", "web", "--json");
        Assert.Equal(3, view.GetProperty("exitCode").GetInt32());
        File.Delete(gate);
    }

    [Theory]
    [InlineData("daemon.deleting")]
    public async Task A_process_that_was_being_deleted_is_gone_and_its_files_are_nobody_elses(
        string point
    )
    {
        await using var home = new TspmHome();
        var once = await ArmedAsync(home, point);
        await StartAsync(home, "first", "/");
        await EndedAsync(home, "first");
        await File.WriteAllTextAsync(once, "", TestContext.Current.CancellationToken);

        var deleted = await home.RunAsync("delete", "first", "--yes");
        Assert.False(File.Exists(once), $"{point} was not passed: {deleted}");
        await WholeAsync(home);
        var gone = await home.RunAsync("describe", "first");
        await StartAsync(home, "first", "/");
        await EndedAsync(home, "first");

        Assert.Equal(3, gone.ExitCode);
        await CheckAsync(home, "first");
    }

    [Theory]
    [InlineData("daemon.flushing")]
    public async Task A_death_in_the_middle_of_a_flush_brings_nothing_back(string point)
    {
        await using var home = new TspmHome();
        var gate = home.Root + ".gate";
        var once = await ArmedAsync(home, point);
        await home.StartShellAsync(
            "web",
            $"echo one; while [ ! -e {gate} ]; do sleep 0.02; done; echo two; exit 5"
        );
        await TspmHome.UntilAsync(
            async () => (await LinesAsync(home, "web")).Contains("one"),
            "the first line is there"
        );
        await File.WriteAllTextAsync(once, "", TestContext.Current.CancellationToken);

        var flushed = await home.RunAsync("flush", "web", "--yes");
        Assert.False(File.Exists(once), $"{point} was not passed: {flushed}");
        await WholeAsync(home);
        var after = await LinesAsync(home, "web");
        await File.WriteAllTextAsync(gate, "", TestContext.Current.CancellationToken);
        await EndedAsync(home, "web");

        Assert.Empty(after);
        Assert.Equal(["two"], await LinesAsync(home, "web"));
        File.Delete(gate);
    }

    [Theory]
    [InlineData("keeper.stopping")]
    public async Task A_keeper_that_dies_when_all_has_ended_leaves_nothing_to_repair(string point)
    {
        await using var home = new TspmHome();
        var once = await ArmedAsync(home, point);
        await StartAsync(home, "first", "/");
        await EndedAsync(home, "first");
        await home.RunAsync("start", "--name", "web", "--", "/bin/sleep", "1000");
        var pid = (await home.JsonAsync("describe", "web", "--json")).GetProperty("pid").GetInt32();
        await File.WriteAllTextAsync(once, "", TestContext.Current.CancellationToken);

        var shut = await home.RunAsync("shutdown");
        Assert.False(File.Exists(once), $"{point} was not passed: {shut}");
        var view = await home.JsonAsync("describe", "web", "--json");

        Assert.False(TspmHome.IsAlive(pid));
        Assert.NotEqual("running", view.GetProperty("status").GetString());
        Assert.Equal(1, view.GetProperty("run").GetInt32());
        await CheckAsync(home, "first");
    }

    [Theory]
    [InlineData("daemon.cut", false)]
    [InlineData("daemon.aside", true)]
    public async Task A_death_while_a_damaged_index_is_repaired_costs_no_line(
        string point,
        bool isAllBad
    )
    {
        await using var home = new TspmHome();
        await StartAsync(home, "first", "/");
        await EndedAsync(home, "first");
        await home.RunAsync("shutdown");
        var index = Directory
            .GetFiles(home.Root, "index.*", SearchOption.AllDirectories)
            .Order(StringComparer.Ordinal)
            .Last();
        await using (var file = File.OpenWrite(index))
        {
            // All batches after the header, or half a batch behind the last.
            file.Position = isAllBad ? LogSlotBytes : file.Length;
            var bad = Enumerable.Repeat((byte)0xA5, isAllBad ? (int)file.Length : 200).ToArray();
            await file.WriteAsync(bad, TestContext.Current.CancellationToken);
        }

        var once = home.Root + ".once";
        await File.WriteAllTextAsync(once, "", TestContext.Current.CancellationToken);
        await home.ShellAsync($"TSPM_CRASH_AT={point} TSPM_CRASH_ONCE={once} $T daemon start");
        await WholeAsync(home);

        Assert.False(File.Exists(once), $"{point} was not passed");
        Assert.Equal(
            Enumerable.Range(1, 8).Select(i => $"line {i}"),
            await LinesAsync(home, "first")
        );
    }

    [Fact]
    public void Every_file_that_writes_renames_deletes_or_spawns_has_a_point_or_a_reason()
    {
        var unnamed = Sources()
            .Where(source => Steps.IsMatch(source.Text))
            .Where(source => !source.Text.Contains("CrashPoint.Pass(", StringComparison.Ordinal))
            .Select(source => source.Name)
            .Order(StringComparer.Ordinal);

        Assert.Equal(WithoutPoint.Keys.Order(StringComparer.Ordinal), unnamed);
    }

    [Fact]
    public void Every_point_of_the_code_has_its_death_here()
    {
        var known = typeof(CrashPoint)
            .GetFields(BindingFlags.Public | BindingFlags.Static)
            .Select(field => (string)field.GetRawConstantValue()!)
            .Order(StringComparer.Ordinal);
        var tested = new[]
        {
            typeof(CrashPointSpecs),
            typeof(RetentionSpecs),
            typeof(DiskFullSpecs),
        }
            .SelectMany(specs => specs.GetMethods())
            .SelectMany(method => method.GetCustomAttributes<InlineDataAttribute>())
            .Select(data => data.Data[0] as string)
            .OfType<string>()
            .Where(point => point.Length > 0)
            // RetentionSpecs arms it with numbers alone.
            .Append(CrashPoint.InDrop)
            .Distinct()
            .Order(StringComparer.Ordinal);

        Assert.Equal(known, tested);
    }

    /// <summary>Nobody can remove a file that is not there: everybody lives until it is.</summary>
    private static async Task<string> ArmedAsync(TspmHome home, string point)
    {
        var once = home.Root + ".once";
        await home.ShellAsync($"TSPM_CRASH_AT={point} TSPM_CRASH_ONCE={once} $T daemon start");
        return once;
    }

    private static async Task TriggerAsync(TspmHome home, string trigger, string gate)
    {
        switch (trigger)
        {
            case "start":
                await StartAsync(home, "second", "/");
                break;
            case "end":
                await File.WriteAllTextAsync(gate, "", TestContext.Current.CancellationToken);
                break;
            case "stop":
                await home.RunAsync("stop", "stopped");
                break;
            case "upgrade":
                await home.RunAsync("daemon", "upgrade");
                break;
            case "kill the keeper":
                TspmHome.Signal(await home.KeeperPidAsync(), 9);
                break;
            case "kill the keeper and start":
                // Its successor has a journal of its own; what is printed then is synced, and the old one is needed no more.
                TspmHome.Signal(await home.KeeperPidAsync(), 9);
                await StartAsync(home, "second", "/");
                break;
            default:
                TspmHome.Signal(await home.DaemonPidAsync(), 9);
                break;
        }
    }

    private static async Task StartAsync(TspmHome home, string name, string gate)
    {
        var result = await home.StartShellAsync(
            name,
            $"for i in 1 2 3 4 5 6 7 8; do echo line $i; sleep 0.01; done; while [ ! -e {gate} ]; do sleep 0.02; done; exit 5"
        );

        // 1: it has ended already. 4: the answer went down with the daemon; then it is there, or nothing of it is.
        Assert.True(result.ExitCode is 0 or 1 or 4, result.ToString());
        if (result.ExitCode == 4 && (await home.RunAsync("describe", name)) is { ExitCode: 3 })
        {
            await StartAsync(home, name, gate);
        }
    }

    /// <summary>The daemon may die under the one who asks.</summary>
    private static Task EndedAsync(TspmHome home, string name) =>
        TspmHome.UntilAsync(
            async () => (await home.RunAsync("wait", name, "--for", "exited")).ExitCode == 0,
            $"{name} has ended"
        );

    private static async Task<string[]> LinesAsync(TspmHome home, string name) =>
        (await home.RunAsync("logs", name, "-n", "all", "--no-events", "--raw")).Lines;

    private static async Task WholeAsync(TspmHome home)
    {
        await home.RunAsync("list");
        await TspmHome.UntilAsync(
            async () =>
                (await home.RunAsync("daemon", "status", "--json")) is { ExitCode: 0 } status
                && !status.Output.Contains("\"keeperPid\":0", StringComparison.Ordinal),
            "keeper and daemon are there"
        );
    }

    private static async Task CheckAsync(TspmHome home, string name)
    {
        var view = await home.JsonAsync("describe", name, "--json");
        var log = await home.RunAsync("logs", name, "-n", "all", "--no-events");

        Assert.Equal(5, view.GetProperty("exitCode").GetInt32());
        Assert.Equal(1, view.GetProperty("run").GetInt32());
        Assert.Equal(Enumerable.Range(1, 8).Select(i => $"line {i}"), log.Lines);
    }

    /// <summary>What changes something outside the process.</summary>
    [GeneratedRegex(
        @"File\.(Move|Delete|WriteAll)|Directory\.(Move|Delete)\(|LibC\.(rename|unlink)\(|SetLength\(|FileMode\.(Create|OpenOrCreate|Append)|RandomAccess\.Write\(|\.Start\(\s*(command|Command|program|check\.)|Disk\.(Delete|Write|Splice|OpenToWrite)\("
    )]
    private static partial Regex Steps { get; }

    private static IEnumerable<(string Name, string Text)> Sources()
    {
        var root = Path.Join(DependencyLawTests.Root(), "src");
        return new[] { "Tspm.Keeper", "Tspm.Daemon", "Tspm.Logs", "Tspm.CaptureLog" }
            .SelectMany(project =>
                Directory.EnumerateFiles(
                    Path.Join(root, project),
                    "*.cs",
                    SearchOption.AllDirectories
                )
            )
            .Select(path => (Path.GetRelativePath(root, path), File.ReadAllText(path)));
    }
}
