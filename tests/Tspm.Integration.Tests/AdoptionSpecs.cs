using System.Globalization;
using Tspm.CaptureLog;

namespace Tspm.Integration.Tests;

/// <summary>What is left when keeper, daemon or both are killed.</summary>
public sealed class AdoptionSpecs
{
    private const int SigKill = 9;
    private const int SigStop = 19;

    [Fact]
    public async Task A_killed_keeper_is_replaced_and_the_exit_code_of_its_orphan_is_known()
    {
        await using var home = new TspmHome();
        var gate = home.Root + ".gate";
        await home.StartShellAsync("job", $"echo one; {Until(gate)}; echo two; exit 7");
        var follow = home.StartFollow("logs", "job", "-f", "-n", "all");
        await follow.ReadUntilAsync("one");
        var keeper = await KeeperAsync(home);
        var daemon = await home.DaemonPidAsync();

        TspmHome.Signal(keeper, SigKill);
        var told = await follow.ReadUntilAsync("a new tspm keeper took over");
        await File.WriteAllTextAsync(gate, "", TestContext.Current.CancellationToken);
        var lines = await follow.ReadUntilAsync("exited with code 7");

        Assert.DoesNotContain(told, line => line.Contains("missing", StringComparison.Ordinal));
        Assert.Contains("two", lines);
        Assert.NotEqual(keeper, await KeeperAsync(home));
        Assert.Equal(daemon, await home.DaemonPidAsync());
        Assert.Equal(1, await RunOfAsync(home, "job"));
        File.Delete(gate);
    }

    [Fact]
    public async Task What_a_program_left_in_its_pipe_before_it_ended_with_no_keeper_is_captured()
    {
        await using var home = new TspmHome();
        var gate = home.Root + ".gate";
        var ended = home.Root + ".ended";
        await home.StartShellAsync(
            "job",
            $"{Until(gate)}; echo last words; (exec 1>&- 2>&-; touch {ended}); exit 9"
        );
        var keeper = await KeeperAsync(home);
        var daemon = await home.DaemonPidAsync();

        // The daemon stands still, so there is nobody but it to hold the pipe when the program ends.
        TspmHome.Signal(daemon, SigStop);
        TspmHome.Signal(keeper, SigKill);
        await File.WriteAllTextAsync(gate, "", TestContext.Current.CancellationToken);
        await TspmHome.UntilAsync(() => Task.FromResult(File.Exists(ended)), "the program ended");
        TspmHome.Signal(daemon, 18);
        await home.EndedAsync("job");
        var log = await home.RunAsync("logs", "job", "-n", "all");

        Assert.Contains("last words", log.Lines);
        Assert.Contains("exited with code 9", log.Output, StringComparison.Ordinal);
        Assert.DoesNotContain("both died", log.Output, StringComparison.Ordinal);
        File.Delete(gate);
        File.Delete(ended);
    }

    [Fact]
    public async Task A_program_with_a_terminal_lives_on_when_its_keeper_dies()
    {
        await using var home = new TspmHome();
        var gate = home.Root + ".gate";
        await home.RunAsync(
            "start",
            "--pty",
            "--name",
            "tty",
            "--restart",
            "never",
            "--",
            "/bin/sh",
            "-c",
            $"echo one; {Until(gate)}; test -t 1 && echo still a terminal; exit 3"
        );
        var follow = home.StartFollow("logs", "tty", "-f", "-n", "all");
        await follow.ReadUntilAsync("one");

        TspmHome.Signal(await KeeperAsync(home), SigKill);
        await follow.ReadUntilAsync("a new tspm keeper took over");
        await File.WriteAllTextAsync(gate, "", TestContext.Current.CancellationToken);
        var lines = await follow.ReadUntilAsync("exited with code 3");

        Assert.Contains(lines, line => line.Contains("still a terminal", StringComparison.Ordinal));
        File.Delete(gate);
    }

    [Fact]
    public async Task When_both_die_the_next_command_adopts_who_lives_and_tells_what_may_be_gone()
    {
        await using var home = new TspmHome();
        var gate = home.Root + ".gate";
        await home.StartShellAsync("lives", "echo one; exec sleep 1000");
        await home.StartShellAsync(
            "ends",
            $"echo one; {Until(gate)}; echo nobody hears this; exit 4"
        );
        await Task.WhenAll(SeenAsync(home, "lives", "one"), SeenAsync(home, "ends", "one"));
        var pid = (await home.JsonAsync("describe", "ends", "--json"))
            .GetProperty("pid")
            .GetInt32();

        KillBoth(home);
        await File.WriteAllTextAsync(gate, "", TestContext.Current.CancellationToken);
        await TspmHome.UntilAsync(() => Task.FromResult(HasEnded(pid)), "the program ended");
        await home.RunAsync("list");
        await home.EndedAsync("ends");
        var lives = await home.JsonAsync("describe", "lives", "--json");
        var ends = await home.RunAsync("logs", "ends", "-n", "all");

        Assert.Equal("running", lives.GetProperty("status").GetString());
        Assert.Equal(1, lives.GetProperty("run").GetInt32());
        Assert.Contains(
            "daemon and keeper had both died; output between",
            ends.Output,
            StringComparison.Ordinal
        );
        Assert.Contains("at most 128 KiB", ends.Output, StringComparison.Ordinal);
        File.Delete(gate);
    }

    [Fact]
    public async Task An_exit_in_the_second_journal_file_is_seen_by_the_daemon_that_comes_after_it()
    {
        await using var home = new TspmHome();
        var gate = home.Root + ".gate";
        await home.StartShellAsync("job", $"{Until(gate)}; exit 6");
        var pid = (await home.JsonAsync("describe", "job", "--json")).GetProperty("pid").GetInt32();
        await ReplaceKeeperAsync(home);
        var daemon = await home.DaemonPidAsync();

        TspmHome.Signal(daemon, SigStop);
        await File.WriteAllTextAsync(gate, "", TestContext.Current.CancellationToken);
        await TspmHome.UntilAsync(() => Task.FromResult(HasEnded(pid)), "the program ended");
        TspmHome.Signal(daemon, SigKill);
        await home.RunAsync("list");

        var view = await home.JsonAsync("describe", "job", "--json");
        Assert.Equal(6, view.GetProperty("exitCode").GetInt32());
        File.Delete(gate);
    }

    [Fact]
    public async Task A_daemon_that_does_not_answer_is_replaced()
    {
        await using var home = new TspmHome();
        await home.ShellAsync("TSPM_DAEMON_TIMEOUT=1s $T daemon start");
        var daemon = await home.DaemonPidAsync();

        TspmHome.Signal(daemon, SigStop);
        await TspmHome.UntilAsync(
            () =>
                Task.FromResult(
                    LockHolder.Find(Paths(home).DaemonLock) is > 0 and var now && now != daemon
                ),
            "another daemon is there"
        );

        await home.RunAsync("list");
        Assert.NotEqual(daemon, await home.DaemonPidAsync());
    }

    [Fact]
    public async Task When_the_home_is_deleted_its_programs_are_stopped_and_nobody_stays()
    {
        await using var home = new TspmHome();
        await home.ShellAsync("TSPM_DAEMON_TIMEOUT=1s $T daemon start");
        await home.StartShellAsync("job", "exec sleep 1000");
        var job = (await home.JsonAsync("describe", "job", "--json")).GetProperty("pid").GetInt32();
        int[] pids = [job, await KeeperAsync(home), await home.DaemonPidAsync()];

        Directory.Delete(home.Root, recursive: true);

        foreach (var pid in pids)
        {
            await TspmHome.UntilAsync(() => Task.FromResult(HasEnded(pid)), $"{pid} ended");
        }
    }

    [Fact]
    public async Task A_second_keeper_ends_with_a_code_of_its_own()
    {
        await using var home = new TspmHome();
        await home.RunAsync("daemon", "start");

        var second = await home.RunAsync("keeper", "--home", home.Root);

        Assert.Equal(75, second.ExitCode);
        Assert.Contains("another keeper has this home", second.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_keeper_that_is_dying_while_the_next_command_comes_is_followed_by_another()
    {
        await using var home = new TspmHome();
        await home.RunAsync("daemon", "start");
        await home.RunAsync("shutdown");
        var path = Paths(home).KeeperLock;
        Task<CommandResult> command;
        using (var closed = new FileClosed(path))
        using (FileLock.Take(path))
        {
            // The lock of one that was killed is held a moment longer than it answers; here as long as we want.
            command = home.RunAsync("daemon", "start");
            await closed.WaitAsync();
        }

        var started = await command;

        Assert.True(started.ExitCode == 0, started.ToString());
    }

    [Fact]
    public async Task A_lock_text_that_lies_has_nobody_signalled()
    {
        await using var home = new TspmHome();
        await using var other = new TspmHome();
        await other.StartShellAsync("innocent", "exec sleep 1000");
        var innocent = (await other.JsonAsync("describe", "innocent", "--json"))
            .GetProperty("pid")
            .GetInt32();
        await home.StartShellAsync("job", "exec sleep 1000");

        KillBoth(home);
        var lie = innocent.ToString(CultureInfo.InvariantCulture);
        foreach (var path in new[] { Paths(home).DaemonLock, Paths(home).KeeperLock })
        {
            // The locks of the killed are let go a moment after them.
            await TspmHome.UntilAsync(() => Task.FromResult(LockHolder.Find(path) == 0), path);
            await File.WriteAllTextAsync(path, lie, TestContext.Current.CancellationToken);
        }

        await home.RunAsync("shutdown", "--timeout", "1s");
        await home.RunAsync("list");
        await home.RunAsync("shutdown", "--timeout", "1s");

        Assert.False(HasEnded(innocent));
    }

    [Fact]
    public async Task A_program_that_closed_its_outputs_and_one_that_forked_twice_are_adopted()
    {
        await using var home = new TspmHome();
        var gate = home.Root + ".gate";
        await home.StartShellAsync("quiet", $"exec >&- 2>&-; {Until(gate)}; exit 6");
        await home.StartShellAsync(
            "forks",
            $"(setsid /bin/sh -c '{Until(gate)}; echo from the grandchild' &) ; exit 0"
        );
        await home.EndedAsync("forks");

        await ReplaceKeeperAsync(home);
        await File.WriteAllTextAsync(gate, "", TestContext.Current.CancellationToken);
        await home.EndedAsync("quiet");
        await SeenAsync(home, "forks", "from the grandchild");

        var quiet = await home.JsonAsync("describe", "quiet", "--json");
        Assert.Equal(6, quiet.GetProperty("exitCode").GetInt32());
        File.Delete(gate);
    }

    [Fact]
    public async Task What_forked_twice_and_outlived_its_run_is_named_by_delete_and_not_signalled()
    {
        await using var home = new TspmHome();
        await home.StartShellAsync("forks", "(setsid /bin/sleep 1000 &) ; exit 0");
        await home.EndedAsync("forks");
        await home.PrintedAsync("plain", 1);

        var deleted = await home.RunAsync("delete", "forks", "--yes");
        var plain = await home.RunAsync("delete", "plain", "--yes");

        var told = System.Text.RegularExpressions.Regex.Match(
            deleted.Output,
            @"lives on: pid (\d+)"
        );
        Assert.True(told.Success, deleted.ToString());
        var pid = int.Parse(told.Groups[1].Value, CultureInfo.InvariantCulture);
        var lives = !HasEnded(pid);
        TspmHome.Signal(pid, SigKill);
        Assert.True(lives, "it was signalled");
        Assert.DoesNotContain("lives on", plain.Output);
    }

    [Fact]
    public async Task Runs_of_another_boot_are_gone_and_nobody_is_signalled()
    {
        await using var home = new TspmHome();
        await home.StartShellAsync("job", "exec sleep 1000");
        var pid = (await home.JsonAsync("describe", "job", "--json")).GetProperty("pid").GetInt32();

        KillBoth(home);
        ChangeBoot(Paths(home).Journal);
        var list = await home.JsonAsync("list", "--json");
        var view = await home.JsonAsync("describe", "job", "--json");
        var lives = !HasEnded(pid);
        TspmHome.Signal(pid, SigKill);

        Assert.True(lives, "the program of another boot was signalled");
        Assert.Equal(1, list.GetArrayLength());
        Assert.NotEqual("running", view.GetProperty("status").GetString());
        Assert.Equal(1, view.GetProperty("run").GetInt32());
    }

    [Fact]
    public async Task A_run_that_the_next_keeper_does_not_know_is_told_as_lost_and_not_started_twice()
    {
        await using var home = new TspmHome();
        await home.RunAsync("start", "--name", "job", "--", "/bin/sleep", "1000");
        var pid = (await home.JsonAsync("describe", "job", "--json")).GetProperty("pid").GetInt32();
        var keeper = await KeeperAsync(home);
        var daemon = await home.DaemonPidAsync();

        TspmHome.Signal(daemon, SigStop);
        TspmHome.Signal(keeper, SigKill);
        await TspmHome.UntilAsync(
            () => Task.FromResult(LockHolder.Find(Paths(home).KeeperLock) != keeper),
            "the keeper is gone"
        );
        Directory.Delete(Paths(home).Journal, recursive: true);
        TspmHome.Signal(daemon, 18);
        await TspmHome.UntilAsync(
            async () =>
                (await home.JsonAsync("describe", "job", "--json"))
                    .GetProperty("status")
                    .GetString() != "running",
            "it is told as lost"
        );

        var told = await home.RunAsync("describe", "job");
        Assert.Contains($"does not know it; pid {pid} may live on", told.Output);
        Assert.Equal(1, await RunOfAsync(home, "job"));
        Assert.False(HasEnded(pid));
        TspmHome.Signal(pid, SigKill);
    }

    [Fact]
    public async Task Adopted_programs_keep_the_size_of_their_log_files()
    {
        await using var home = new TspmHome();
        var gate = home.Root + ".gate";
        await using (var client = await StartedAsync(home))
        {
            await client.StartAsync(
                new Tspm.Protocol.Messages.StartRequest
                {
                    Spec = new Tspm.Protocol.Messages.ProcessSpec
                    {
                        Name = "job",
                        Cwd = "/",
                        Command =
                        [
                            "/bin/sh",
                            "-c",
                            $"{Until(gate)}; i=0; while [ $i -lt 2000 ]; do i=$((i+1)); echo $i of two thousand; done; exec sleep 1000",
                        ],
                        Env = ["PATH=/usr/bin:/bin"],
                        Disk = new Tspm.Protocol.Messages.LogFileSpec { FileBytes = 8 * 1024 },
                    },
                },
                TestContext.Current.CancellationToken
            );
        }

        KillBoth(home);
        await home.RunAsync("list");
        await File.WriteAllTextAsync(gate, "", TestContext.Current.CancellationToken);
        await SeenAsync(home, "job", "2000 of two thousand");

        var files = Directory.GetFiles(Paths(home).Process(1), "out.*");
        Assert.True(files.Length >= 2, string.Join(' ', files));
        File.Delete(gate);
    }

    [Fact]
    public async Task A_copied_home_takes_nobody_of_the_home_it_was_copied_from()
    {
        await using var home = new TspmHome();
        await using var copy = new TspmHome();
        await home.RunAsync("start", "--name", "job", "--", "/bin/sleep", "1000");
        var pid = (await home.JsonAsync("describe", "job", "--json")).GetProperty("pid").GetInt32();
        await home.ShellAsync($"cp -a {home.Root} {copy.Root}");

        var list = await copy.JsonAsync("list", "--json");
        var shut = await copy.RunAsync("shutdown", "--timeout", "1s");

        Assert.Equal(0, shut.ExitCode);
        Assert.NotEqual("running", list[0].GetProperty("status").GetString());
        Assert.False(HasEnded(pid), "a program of another home was signalled");
        var view = await home.JsonAsync("describe", "job", "--json");
        Assert.Equal(pid, view.GetProperty("pid").GetInt32());
    }

    [Fact]
    public async Task A_copied_home_starts_nothing_that_waits_in_the_home_it_was_copied_from()
    {
        await using var home = new TspmHome();
        await using var copy = new TspmHome();
        string[] waits = ["--restart", "always", "--restart-delay", "2s"];
        await home.RunAsync([
            "start",
            "--name",
            "tried",
            .. waits,
            "--",
            "/bin/sh",
            "-c",
            "exit 1",
        ]);
        string[] clock = ["--schedule", "* * * * * *", "--schedule-action", "run"];
        await home.RunAsync(["start", "--name", "clock", .. clock, "--", "/bin/true"]);
        await TspmHome.UntilAsync(
            async () => await StatusAsync(home, "tried") == "backoff",
            "it waits for its next try"
        );
        await home.ShellAsync($"cp -a {home.Root} {copy.Root}");
        await copy.RunAsync("daemon", "start");
        var runs = (await RunOfAsync(copy, "tried"), await RunOfAsync(copy, "clock"));

        // The home itself goes on: as long as that takes, the copy would have too.
        var before = (await RunOfAsync(home, "tried"), await RunOfAsync(home, "clock"));
        await TspmHome.UntilAsync(
            async () =>
                await RunOfAsync(home, "tried") > before.Item1 + 1
                && await RunOfAsync(home, "clock") > before.Item2 + 1,
            "the home goes on"
        );

        string[] atRest = ["stopped", "exited", "failed"];
        Assert.Contains(await StatusAsync(copy, "tried"), atRest);
        Assert.Contains(await StatusAsync(copy, "clock"), atRest);
        Assert.Equal(runs, (await RunOfAsync(copy, "tried"), await RunOfAsync(copy, "clock")));
        Assert.Contains("resurrect", (await copy.RunAsync("list")).Errors);
        Assert.Equal(0, (await copy.RunAsync("resurrect")).ExitCode);
        Assert.NotEqual(runs.Item1, await RunOfAsync(copy, "tried"));
    }

    [Fact]
    public async Task A_keeper_that_dies_while_it_looks_at_a_copied_home_leaves_a_copy()
    {
        await using var home = new TspmHome();
        await using var copy = new TspmHome();
        await home.RunAsync("start", "--name", "job", "--", "/bin/sleep", "1000");
        var pid = (await home.JsonAsync("describe", "job", "--json")).GetProperty("pid").GetInt32();
        await home.ShellAsync($"cp -a {home.Root} {copy.Root}");
        var once = home.Root + ".once";
        await File.WriteAllTextAsync(once, "", TestContext.Current.CancellationToken);

        await copy.ShellAsync($"TSPM_CRASH_AT=keeper.adopting TSPM_CRASH_ONCE={once} $T list");
        Assert.False(File.Exists(once), "no keeper died");
        var list = await copy.JsonAsync("list", "--json");
        await copy.RunAsync("shutdown", "--timeout", "1s");

        Assert.NotEqual("running", list[0].GetProperty("status").GetString());
        Assert.False(HasEnded(pid), "a program of another home was signalled");
    }

    [Fact]
    public async Task What_another_machine_left_in_the_home_is_left_alone()
    {
        await using var home = new TspmHome();
        await home.StartShellAsync("job", "exec sleep 1000");
        await home.RunAsync("shutdown", "--timeout", "1s");
        var other = Path.Join(home.Root, "00000000deadbeef");
        Directory.Move(Paths(home).Machine, other);
        var before = Sum(other);

        var list = await home.JsonAsync("list", "--json");

        Assert.Equal(0, list.GetArrayLength());
        Assert.Equal(before, Sum(other));
    }

    [Fact]
    public async Task A_user_who_may_have_no_more_processes_is_told_so_and_nothing_hangs()
    {
        // Root is never refused.
        var user =
            Environment.UserName == "root"
                ? "setpriv --reuid=64123 --regid=64123 --clear-groups "
                : "";
        await using var home = new TspmHome();
        var root = home.Root + "u";
        await home.ShellAsync($"mkdir -m 700 {root}; [ -z '{user}' ] || chown 64123:64123 {root}");
        var t = $"{user}env TSPM_HOME={root} HOME={root} $T";
        var started = await home.ShellAsync($"cd /; {t} daemon start --json");
        Assert.True(started.ExitCode == 0, started.ToString());
        using var status = System.Text.Json.JsonDocument.Parse(started.Output);
        var keeper = status.RootElement.GetProperty("keeperPid").GetInt32();

        await home.ShellAsync($"{user}prlimit --nproc=1: --pid {keeper}");
        var refused = await home.ShellAsync(
            $"cd /; {t} start --name job --restart never -- sleep 1000"
        );
        var list = await home.ShellAsync($"cd /; {t} list");
        await home.ShellAsync($"{user}prlimit --nproc=1000: --pid {keeper}");
        var accepted = await home.ShellAsync($"cd /; {t} start --name job -- sleep 1000");
        var shut = await home.ShellAsync($"cd /; {t} shutdown --timeout 1s");
        Directory.Delete(root, recursive: true);

        Assert.NotEqual(0, refused.ExitCode);
        Assert.Contains("no more processes are allowed", refused.Errors);
        Assert.Equal(0, list.ExitCode);
        Assert.True(accepted.ExitCode == 0, accepted.ToString());
        Assert.Equal(0, shut.ExitCode);
    }

    [Fact]
    public async Task What_listens_in_place_of_the_keeper_and_is_none_is_passed_over()
    {
        await using var home = new TspmHome();
        await home.StartShellAsync("job", "echo one; exec sleep 1000");
        var keeper = await KeeperAsync(home);
        var socket = Paths(home).KeeperSocket;
        File.Delete(socket);
        using var stranger = new System.Net.Sockets.Socket(
            System.Net.Sockets.AddressFamily.Unix,
            System.Net.Sockets.SocketType.Stream,
            System.Net.Sockets.ProtocolType.Unspecified
        );
        stranger.Bind(new System.Net.Sockets.UnixDomainSocketEndPoint(socket));
        stranger.Listen();
        var talking = Task.Run(
            async () =>
            {
                using var peer = await stranger.AcceptAsync(TestContext.Current.CancellationToken);
                await peer.SendAsync("HTTP/1.1 200 OK\r\n\r\n"u8.ToArray());
            },
            TestContext.Current.CancellationToken
        );

        TspmHome.Signal(keeper, SigKill);
        await talking;
        await TspmHome.UntilAsync(
            async () => await KeeperAsync(home) is > 0 and var next && next != keeper,
            "a new keeper is there"
        );

        var view = await home.JsonAsync("describe", "job", "--json");
        Assert.Equal("running", view.GetProperty("status").GetString());
        var log = await home.RunAsync("daemon", "logs");
        Assert.Contains("the keeper could not be asked", log.Output, StringComparison.Ordinal);
    }

    private static async Task<Tspm.Client.TspmIpcClient> StartedAsync(TspmHome home)
    {
        await home.RunAsync("daemon", "start");
        return await home.ConnectAsync();
    }

    private static string Sum(string directory) =>
        string.Join(
            '\n',
            Directory
                .EnumerateFiles(directory, "*", SearchOption.AllDirectories)
                .Order(StringComparer.Ordinal)
                .Select(file =>
                    $"{file} {new FileInfo(file).Length} {File.GetLastWriteTimeUtc(file).Ticks}"
                )
        );

    private static string Until(string file) => $"while [ ! -e {file} ]; do sleep 0.02; done";

    private static HomePaths Paths(TspmHome home) => HomePaths.At(home.Root);

    private static bool HasEnded(int pid) => ProcessStat.Read(pid) is null or { IsZombie: true };

    /// <summary>Kills the keeper, and waits until the daemon tells of another: right after the kill it tells of that one still.</summary>
    private static async Task ReplaceKeeperAsync(TspmHome home)
    {
        var keeper = await KeeperAsync(home);
        TspmHome.Signal(keeper, SigKill);
        await TspmHome.UntilAsync(
            async () => await KeeperAsync(home) is > 0 and var now && now != keeper,
            "another keeper is there"
        );
    }

    private static async Task<int> KeeperAsync(TspmHome home) =>
        (await home.JsonAsync("daemon", "status", "--json")).GetProperty("keeperPid").GetInt32();

    private static async Task<int> RunOfAsync(TspmHome home, string name) =>
        (await home.JsonAsync("describe", name, "--json")).GetProperty("run").GetInt32();

    private static async Task<string> StatusAsync(TspmHome home, string name) =>
        (await home.JsonAsync("describe", name, "--json")).GetProperty("status").GetString()!;

    private static Task SeenAsync(TspmHome home, string name, string text) =>
        TspmHome.UntilAsync(
            async () =>
                (await home.RunAsync("logs", name, "-n", "all")).Output.Contains(
                    text,
                    StringComparison.Ordinal
                ),
            $"{name} has written {text}"
        );

    private static void KillBoth(TspmHome home)
    {
        var paths = Paths(home);
        var keeper = LockHolder.Find(paths.KeeperLock);
        TspmHome.Signal(LockHolder.Find(paths.DaemonLock), SigKill);
        TspmHome.Signal(keeper, SigKill);
        Assert.True(
            SpinWait.SpinUntil(() => LockHolder.Find(paths.KeeperLock) != keeper, TspmHome.Deadline)
        );
    }

    /// <summary>As if the files had been written before the machine was started again.</summary>
    private static void ChangeBoot(string journal)
    {
        foreach (var first in JournalReader.ListFiles(journal))
        {
            using var file = new FileStream(
                Path.Join(journal, first.ToString("D16", CultureInfo.InvariantCulture)),
                FileMode.Open,
                FileAccess.ReadWrite
            );
            var header = default(JournalRecord);
            file.ReadExactly(
                System.Runtime.InteropServices.MemoryMarshal.AsBytes(
                    new Span<JournalRecord>(ref header)
                )
            );
            Assert.Equal(JournalRecordKind.Header, header.Kind);
            header.B ^= 1;
            header.Seal();
            file.Position = 0;
            file.Write(
                System.Runtime.InteropServices.MemoryMarshal.AsBytes(
                    new ReadOnlySpan<JournalRecord>(in header)
                )
            );
        }
    }
}
