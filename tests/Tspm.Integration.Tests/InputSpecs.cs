using System.Text.Json;

namespace Tspm.Integration.Tests;

/// <summary>What one types reaches a program, over every death of ours, and the terminal is as it was afterwards.</summary>
public sealed class InputSpecs : IAsyncLifetime
{
    private const string Echo = "while read l; do echo \"got $l\"; done; echo over";

    // Tells its size when it changes, and echoes lines.
    // What a read has when its time is over is a part of the line: the next read goes on with it.
    private const string Shell =
        "trap 'stty size' WINCH; echo up; p=; while :; do if read -t 0.05 l; then echo \"got $p$l\"; p=; else p=\"$p$l\"; fi; done";

    // Arguments: rows, columns, then JSON of steps: ["type", text], ["want", text], ["size", rows, columns], ["sh", line], ["signal", n].
    private const string Driver = """
        import fcntl, json, os, pty, select, struct, subprocess, sys, termios, time
        rows, columns, steps = int(sys.argv[1]), int(sys.argv[2]), json.loads(sys.argv[3])
        master, slave = pty.openpty()
        def size(r, c): fcntl.ioctl(master, termios.TIOCSWINSZ, struct.pack("HHHH", r, c, 0, 0))
        size(rows, columns)
        before = termios.tcgetattr(slave)
        pid = os.fork()
        if pid == 0:
            os.setsid()
            fcntl.ioctl(slave, termios.TIOCSCTTY, 0)
            for fd in 0, 1, 2: os.dup2(slave, fd)
            os.execvp(os.environ["T"], [os.environ["T"]] + sys.argv[4:])
        out, seen, end = b"", 0, time.monotonic() + 50
        def fail(what):
            sys.stdout.write("NOT SEEN: %s\n%s" % (what, out.decode("utf8", "replace"))); os.kill(pid, 9); sys.exit(9)
        def read():
            global out
            if select.select([master], [], [], 0.05)[0]: out += os.read(master, 65536)
        for step in steps:
            kind = step[0]
            if kind == "type": os.write(master, step[1].encode())
            elif kind == "size": size(step[1], step[2])
            elif kind == "sh": subprocess.run(["/bin/bash", "-c", step[1]], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            elif kind == "signal": os.kill(pid, step[1])
            elif kind == "raw":
                while termios.tcgetattr(slave)[3] & termios.ICANON and time.monotonic() < end: read()
            else:
                while step[1].encode() not in out[seen:] and time.monotonic() < end: read()
                at = out.find(step[1].encode(), seen)
                if at < 0: fail(step[1])
                seen = at + len(step[1])
        status = None
        while time.monotonic() < end:
            read()
            done, status = os.waitpid(pid, os.WNOHANG)
            if done: break
        else: fail("the end")
        read()
        restored = termios.tcgetattr(slave) == before
        sys.stdout.write(json.dumps({"out": out.decode("utf8", "replace"), "restored": restored, "code": os.waitstatus_to_exitcode(status)}))
        """;
    private readonly TspmHome _home = new();

    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    public ValueTask DisposeAsync() => _home.DisposeAsync();

    [Fact]
    public async Task A_line_is_read_and_the_stdin_stays_open_over_the_death_of_daemon_and_keeper()
    {
        await OkAsync("start", "--name", "cat", "--stdin", "--", "sh", "-c", Echo);
        await OkAsync("send", "cat", "one");
        TspmHome.Signal(await _home.DaemonPidAsync(), 9);
        await OkAsync("send", "cat", "two words");
        await KillKeeperAsync();
        await OkAsync("send", "cat", "three");
        TspmHome.Signal(await _home.DaemonPidAsync(), 9);
        await OkAsync("daemon", "upgrade");
        await OkAsync("send", "cat", "four");

        await OkAsync("send", "cat", "--eof");

        await OkAsync("wait", "cat", "--for", "exited");
        var lines = (await OkAsync("logs", "cat", "--no-tail", "--no-follow")).Output;
        Assert.Equal(
            ["got one", "got two words", "got three", "got four", "over"],
            lines
                .Split('\n')
                .Where(line => line.StartsWith("got", StringComparison.Ordinal) || line == "over")
        );
        Assert.Contains("the stdin of run 1 is closed by uid", lines, StringComparison.Ordinal);
        var late = await _home.RunAsync("send", "cat", "late");
        Assert.Contains("cat does not run", late.Errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_closed_stdin_stays_closed_when_the_keeper_dies_and_a_file_is_sent_whole()
    {
        await OkAsync(
            "start",
            "--name",
            "sum",
            "--stdin",
            "--",
            "sh",
            "-c",
            "wc -c; exec sleep 1000"
        );
        var sent = await _home.ShellAsync("head -c 1000000 /dev/zero | $T send sum - --eof");
        Assert.True(sent.ExitCode == 0, sent.ToString());
        await TspmHome.UntilAsync(
            async () => (await LogAsync("sum")).Contains("1000000", StringComparison.Ordinal),
            "all was counted"
        );

        await KillKeeperAsync();

        var more = await _home.RunAsync("send", "sum", "more");
        Assert.NotEqual(0, more.ExitCode);
        Assert.Contains("the stdin of sum is closed", more.Errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_is_not_read_or_cannot_be_read_is_told()
    {
        await OkAsync("start", "--name", "deaf", "--stdin", "--", "sleep", "1000");
        await OkAsync("start", "--name", "none", "--", "sleep", "1000");
        await OkAsync(
            "start",
            "--name",
            "shut",
            "--stdin",
            "--",
            "sh",
            "-c",
            "exec 0</dev/null; echo up; exec sleep 1000"
        );
        await OkAsync("wait", "shut", "--for", "log:/up/");

        var deaf = await _home.ShellAsync(
            "head -c 200000 /dev/zero | $T send deaf - --timeout 100ms"
        );
        var none = await _home.RunAsync("send", "none", "x");
        var shut = await _home.RunAsync("send", "shut", "x");
        var long_ = await _home.RunAsync("send", "none", new string('x', 70_000));

        Assert.Contains(
            "it does not read its stdin; 65536 bytes were sent",
            deaf.Errors,
            StringComparison.Ordinal
        );
        Assert.Contains("none has no stdin", none.Errors, StringComparison.Ordinal);
        Assert.Contains("--stdin", none.Errors, StringComparison.Ordinal);
        Assert.Contains("stdin", shut.Errors, StringComparison.Ordinal);
        Assert.NotEqual(0, shut.ExitCode);
        Assert.Equal(2, long_.ExitCode);
    }

    [Fact]
    public async Task Attached_to_a_terminal_keys_and_size_reach_it_and_a_detach_leaves_all_as_it_was()
    {
        await StartShellAsync();

        var shown = await AttachAsync([
            ["want", "leaves"],
            ["want", "30 90"],
            ["type", "hello\r"],
            ["want", "got hello"],
            ["size", 50, 111],
            ["want", "50 111"],
            ["type", "\u001dd"],
            ["want", "detached"],
        ]);

        Assert.True(shown.GetProperty("restored").GetBoolean());
        Assert.Equal(0, shown.GetProperty("code").GetInt32());
        Assert.Equal("running", await StatusAsync());
    }

    [Fact]
    public async Task Who_is_attached_goes_on_when_daemon_and_keeper_are_killed()
    {
        await StartShellAsync();
        var daemon = await _home.DaemonPidAsync();
        var keeper = await _home.KeeperPidAsync();

        var shown = await AttachAsync([
            ["want", "30 90"],
            ["sh", $"kill -9 {daemon}"],
            ["want", "the daemon is back"],
            ["type", "one\r"],
            ["want", "got one"],
            ["sh", $"kill -9 {keeper}"],
            ["type", "two\r"],
            ["want", "got two"],
            ["type", "\u001dd"],
            ["want", "detached"],
        ]);

        Assert.True(shown.GetProperty("restored").GetBoolean());
        Assert.Equal("running", await StatusAsync());
    }

    [Theory]
    [InlineData("signal 15", -15)]
    [InlineData("signal 2", -2)]
    [InlineData("signal 1", -1)]
    [InlineData("sh $T stop sh", 0)]
    [InlineData("sh $T shutdown --timeout 1s", 0)]
    public async Task The_terminal_is_put_back_whatever_ends_the_attach(string end, int code)
    {
        await StartShellAsync();
        object[] last = end.StartsWith("signal", StringComparison.Ordinal)
            ? ["signal", int.Parse(end[7..], System.Globalization.CultureInfo.InvariantCulture)]
            : ["sh", end[3..]];

        var shown = await AttachAsync([
            ["want", "30 90"],
            ["raw"],
            last,
        ]);

        Assert.True(shown.GetProperty("restored").GetBoolean(), shown.ToString());
        Assert.Equal(code, shown.GetProperty("code").GetInt32());
    }

    [Fact]
    public async Task Attached_to_a_program_without_a_terminal_lines_go_in_and_its_end_is_the_end()
    {
        await OkAsync(
            "start",
            "--name",
            "sh",
            "--stdin",
            "--",
            "sh",
            "-c",
            "read a; echo \"got $a\"; read b; echo \"then $b\""
        );

        var shown = await AttachAsync([
            ["want", "attached"],
            ["type", "one\n"],
            ["want", "got one"],
            ["type", "two\n"],
            ["want", "then two"],
            ["want", "exited with code 0"],
        ]);

        Assert.Equal(0, shown.GetProperty("code").GetInt32());
    }

    [Fact]
    public async Task A_signal_reaches_the_program_its_group_or_its_whole_tree_and_the_log_tells_who_sent_it()
    {
        const string tree =
            "trap 'echo leader' USR1; (trap 'echo child' USR1; while :; do sleep 0.05; done) & "
            + "setsid sh -c 'trap \"echo far\" USR1; echo up; while :; do sleep 0.05; done' & while :; do sleep 0.05; done";
        await OkAsync(
            "start",
            "--name",
            "tree",
            "--wait",
            "--ready",
            "log:/up/",
            "--",
            "bash",
            "-c",
            tree
        );

        await OkAsync("signal", "SIGUSR1", "tree");
        await HasAsync("leader", 1);
        await OkAsync("signal", "usr1", "tree", "--group");
        await HasAsync("child", 1);
        await OkAsync("signal", "10", "tree", "--tree");
        await HasAsync("far", 1);

        await HasAsync("leader", 3);
        Assert.Equal(2, Count(await LogAsync("tree"), "\nchild"));
        Assert.Contains("is sent SIGUSR1 by uid", await LogAsync("tree"), StringComparison.Ordinal);
        var unknown = await _home.RunAsync("signal", "XYZZY", "tree");
        Assert.Equal(2, unknown.ExitCode);
        Assert.Contains("there are HUP, INT", unknown.Errors, StringComparison.Ordinal);
    }

    private async Task StartShellAsync()
    {
        await OkAsync("start", "--name", "sh", "--pty", "--", "bash", "-c", Shell);
        await OkAsync("wait", "sh", "--for", "log:/up/");
    }

    private async Task<JsonElement> AttachAsync(object[][] steps)
    {
        var json = JsonSerializer.Serialize(steps).Replace("'", "'\\''", StringComparison.Ordinal);
        var driver = Driver.Replace("'", "'\\''", StringComparison.Ordinal);
        var result = await _home.ShellAsync($"exec python3 -c '{driver}' 30 90 '{json}' attach sh");
        Assert.True(result.ExitCode == 0, result.ToString());
        using var document = JsonDocument.Parse(result.Output);
        return document.RootElement.Clone();
    }

    private async Task KillKeeperAsync()
    {
        var keeper = await _home.KeeperPidAsync();
        TspmHome.Signal(keeper, 9);
        await TspmHome.GoneAsync(keeper);
        await TspmHome.UntilAsync(
            async () =>
                (await _home.RunAsync("daemon", "status", "--json")).Output.Contains(
                    "\"keeperPid\"",
                    StringComparison.Ordinal
                )
                && await _home.KeeperPidAsync() is not 0 and var now
                && now != keeper,
            "another keeper"
        );
    }

    private async Task<string> StatusAsync() =>
        (await _home.JsonAsync("describe", "sh", "-o", "json")) is var shown
        && shown.ValueKind == JsonValueKind.Array
            ? shown[0].GetProperty("status").GetString()!
            : shown.GetProperty("status").GetString()!;

    private Task HasAsync(string line, int times) =>
        TspmHome.UntilAsync(
            async () => Count(await LogAsync("tree"), "\n" + line) >= times,
            $"{times} times {line}"
        );

    private async Task<string> LogAsync(string name) =>
        (await _home.RunAsync("logs", name, "--no-tail", "--no-follow")).Output;

    private static int Count(string text, string part) => text.Split(part).Length - 1;

    private async Task<CommandResult> OkAsync(params string[] arguments)
    {
        var result = await _home.RunAsync(arguments);
        Assert.True(result.ExitCode == 0, result.ToString());
        return result;
    }
}
