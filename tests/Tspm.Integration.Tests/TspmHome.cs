using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json;
using Tspm.Client;

namespace Tspm.Integration.Tests;

/// <summary>A home of one test: runs the binary in it, and shuts everything down at the end.</summary>
/// <remarks>The binary is $TSPM_BINARY (the published one, in the gate), else the one that was built beside the tests.</remarks>
public sealed partial class TspmHome : IAsyncDisposable
{
    public static readonly TimeSpan Deadline = TimeSpan.FromSeconds(60);
    public static readonly string KidPath = Path.Join(AppContext.BaseDirectory, "kid");
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);
    private readonly List<Process> _started = [];

    public TspmHome(string? root = null)
    {
        Root = root ?? Path.Join(Path.GetTempPath(), $"ts{Random.Shared.NextInt64():x}"[..12]);
    }

    public string Root { get; }

    /// <summary>Variables that every command gets besides; an empty value takes one away.</summary>
    public Dictionary<string, string> Variables { get; } = [];

    public static string Binary { get; } =
        Environment.GetEnvironmentVariable("TSPM_BINARY") is { Length: > 0 } published
            ? Path.GetFullPath(published)
            : Path.Join(AppContext.BaseDirectory, "tspm");

    /// <summary>Runs a command to its end.</summary>
    public Task<CommandResult> RunAsync(params string[] arguments) =>
        RunInShellAsync(null, arguments);

    /// <summary>Runs a shell line in which $T is the binary.</summary>
    public Task<CommandResult> ShellAsync(string line) => RunInShellAsync(line, []);

    /// <summary>Starts a command and leaves it running; its stdout can be read.</summary>
    public Follow StartFollow(params string[] arguments)
    {
        var process = Start(Binary, arguments);
        return new Follow(process);
    }

    /// <summary>A field of a command's JSON.</summary>
    public async Task<JsonElement> JsonAsync(params string[] arguments)
    {
        var result = await RunAsync(arguments);
        Assert.True(result.ExitCode == 0, result.ToString());
        using var document = JsonDocument.Parse(result.Output);
        return document.RootElement.Clone();
    }

    public async Task<int> DaemonPidAsync() =>
        (await JsonAsync("daemon", "status", "--json")).GetProperty("pid").GetInt32();

    /// <summary>The same, of a daemon that is started now if there is none.</summary>
    public async Task<int> DaemonPidOfStartAsync() =>
        (await JsonAsync("daemon", "start", "--json")).GetProperty("pid").GetInt32();

    /// <summary>The keeper's pid.</summary>
    public async Task<int> KeeperPidAsync() =>
        (await JsonAsync("daemon", "status", "--json")).GetProperty("keeperPid").GetInt32();

    /// <summary>Starts the keeper itself, as a unit would.</summary>
    public Process StartKeeper(params string[] options) =>
        Start(Binary, ["keeper", "--home", Root, .. options]);

    /// <summary>Waits until a process has ended.</summary>
    public static Task GoneAsync(int pid) =>
        UntilAsync(() => Task.FromResult(!IsAlive(pid)), $"the end of {pid}");

    /// <summary>Whether a process runs; one that has ended and waits for its parent does not.</summary>
    public static bool IsAlive(int pid)
    {
        try
        {
            var text = File.ReadAllText($"/proc/{pid}/stat");
            return text[text.LastIndexOf(')') + 2] is not ('Z' or 'X');
        }
        catch (IOException)
        {
            return false;
        }
    }

    public async Task<string> SocketAsync() =>
        (await JsonAsync("daemon", "status", "--json")).GetProperty("socket").GetString()!;

    /// <summary>A client of the library on the daemon's socket.</summary>
    public async Task<TspmIpcClient> ConnectAsync() =>
        await TspmIpcClient.ConnectAsync(
            new TspmClientOptions { SocketPath = await SocketAsync() },
            TestContext.Current.CancellationToken
        );

    /// <summary>Starts a shell line under a name; it is not started again when it ends.</summary>
    public Task<CommandResult> StartShellAsync(string name, string line) =>
        RunAsync("start", "--name", name, "--restart", "never", "--", "/bin/sh", "-c", line);

    /// <summary>Starts the fixture child with its verbs.</summary>
    public Task<CommandResult> StartKidAsync(string name, params string[] verbs) =>
        RunAsync(["start", "--name", name, "--restart", "never", "--", KidPath, .. verbs]);

    /// <summary>Has a process print numbered lines and end.</summary>
    public async Task PrintedAsync(string name, int count)
    {
        await StartKidAsync(name, "print", $"{count}", "exit", "0");
        await EndedAsync(name);
    }

    /// <summary>Waits until a process has ended by itself.</summary>
    public async Task EndedAsync(string name)
    {
        var result = await RunAsync("wait", name, "--for", "exited");
        Assert.True(result.ExitCode == 0, result.ToString());
    }

    /// <summary>Asks until a fact holds; fails with the last answer at the deadline.</summary>
    public static async Task UntilAsync(
        Func<Task<bool>> holds,
        string fact,
        TimeSpan? deadline = null
    )
    {
        var watch = Stopwatch.StartNew();
        while (!await holds())
        {
            Assert.True(watch.Elapsed < (deadline ?? Deadline), $"not in time: {fact}");

            // Looking again at once would take the processor from what is waited for.
            await Task.Delay(2);
        }
    }

    public static void Signal(int pid, int signal) => Assert.Equal(0, kill(pid, signal));

    public async ValueTask DisposeAsync()
    {
        foreach (var process in _started)
        {
            if (!process.HasExited)
            {
                process.Kill();
            }

            process.Dispose();
        }

        if (Directory.Exists(Root))
        {
            await RunAsync("shutdown", "--timeout", "1s");
            Directory.Delete(Root, recursive: true);
            await EndSurvivorsAsync();
        }
    }

    /// <summary>Whatever ran in this home has ended: no process carries the mark of a run of it.</summary>
    private async Task EndSurvivorsAsync()
    {
        var watch = Stopwatch.StartNew();
        while (Survivors() is { Count: > 0 } left)
        {
            // A look may have taken all the time there was: who is seen then must be seen once more.
            if (watch.Elapsed > Patience && Survivors() is { Count: > 0 } still)
            {
                left = still;
                var texts = left.ConvertAll(DescribeProcess);
                left.ForEach(pid => kill(pid, 9));

                // This takes the place of what the test itself failed with, so that is told too.
                Assert.Fail(
                    $"survived the test: {string.Join("; ", texts)}; {LastFailure.OfThisTest()}"
                );
            }

            await Task.Yield();
        }
    }

    /// <summary>What a process is, for the message of a test that left it: its pid, state, parent, age and command.</summary>
    private static string DescribeProcess(int pid)
    {
        try
        {
            var stat = File.ReadAllText($"/proc/{pid}/stat");
            var command = File.ReadAllText($"/proc/{pid}/cmdline").Replace('\0', ' ');
            var run = File.ReadAllText($"/proc/{pid}/environ")
                .Split('\0')
                .First(one => one.StartsWith("TSPM_RUN=", StringComparison.Ordinal));
            return $"{command} {run} (stat: {stat.Trim()})";
        }
        catch (IOException)
        {
            return $"{pid}, which has ended now";
        }
    }

    /// <summary>What carries the mark of a run of this home.</summary>
    public List<int> Survivors()
    {
        var found = new List<int>();
        foreach (var folder in Directory.EnumerateDirectories("/proc"))
        {
            if (!int.TryParse(Path.GetFileName(folder), CultureInfo.InvariantCulture, out var pid))
            {
                continue;
            }

            try
            {
                var variables = File.ReadAllText(Path.Join(folder, "environ")).Split('\0');
                var isMarked = variables.Any(one =>
                    one.StartsWith("TSPM_RUN=", StringComparison.Ordinal)
                );
                if (isMarked && variables.Contains($"TSPM_HOME={Root}"))
                {
                    found.Add(pid);
                }
            }
            catch (IOException)
            {
                // It ended while we looked.
            }
            catch (UnauthorizedAccessException)
            {
                // Not ours.
            }
        }

        return found;
    }

    private async Task<CommandResult> RunInShellAsync(string? line, string[] arguments)
    {
        using var process = line is null
            ? Start(Binary, arguments)
            : Start("/bin/bash", ["-c", line]);
        _started.Remove(process);
        process.StandardInput.Close();
        using var deadline = new CancellationTokenSource(Deadline);
        var output = process.StandardOutput.ReadToEndAsync(deadline.Token);
        var errors = process.StandardError.ReadToEndAsync(deadline.Token);
        try
        {
            await process.WaitForExitAsync(deadline.Token);
            return new CommandResult(process.ExitCode, await output, await errors);
        }
        catch (OperationCanceledException late)
        {
            process.Kill(entireProcessTree: true);
            throw new TimeoutException($"did not end: {line ?? string.Join(' ', arguments)}", late);
        }
    }

    private Process Start(string program, string[] arguments)
    {
        var start = new ProcessStartInfo(program)
        {
            UseShellExecute = false,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            StandardOutputEncoding = Encoding.UTF8,
        };
        start.Environment["TSPM_HOME"] = Root;
        start.Environment["T"] = Binary;
        start.Environment.Remove("TSPM_RUN");
        foreach (var (name, value) in Variables)
        {
            start.Environment[name] = value.Length > 0 ? value : null;
        }

        foreach (var argument in arguments)
        {
            start.ArgumentList.Add(argument);
        }

        var process =
            Process.Start(start)
            ?? throw new InvalidOperationException($"{program} was not started");
        _started.Add(process);
        return process;
    }

    [LibraryImport("libc", SetLastError = true)]
    private static partial int kill(int pid, int signal);
}

/// <summary>How a command ended and what it said.</summary>
public sealed record CommandResult(int ExitCode, string Output, string Errors)
{
    public string[] Lines => Output.Split('\n', StringSplitOptions.RemoveEmptyEntries);

    public override string ToString() =>
        string.Create(
            CultureInfo.InvariantCulture,
            $"exit {ExitCode}\nstdout: {Output}\nstderr: {Errors}"
        );
}

/// <summary>A command that runs on, with its lines.</summary>
public sealed class Follow(Process process)
{
    public int Pid => process.Id;

    /// <summary>The next line; fails at the deadline.</summary>
    public async Task<string> ReadAsync(TimeSpan? patience = null)
    {
        using var deadline = new CancellationTokenSource(patience ?? TspmHome.Deadline);
        return await process.StandardOutput.ReadLineAsync(deadline.Token)
            ?? throw new InvalidOperationException("the output ended");
    }

    /// <summary>Reads until a line has a text; gives all lines.</summary>
    public async Task<List<string>> ReadUntilAsync(string text, TimeSpan? patience = null)
    {
        var lines = new List<string>();
        do
        {
            lines.Add(await ReadAsync(patience));
        } while (!lines[^1].Contains(text, StringComparison.Ordinal));

        return lines;
    }

    /// <summary>The lines that are left, when it has ended.</summary>
    public async Task<string[]> ReadRestAsync()
    {
        using var deadline = new CancellationTokenSource(TspmHome.Deadline);
        var rest = await process.StandardOutput.ReadToEndAsync(deadline.Token);
        return rest.Split('\n', StringSplitOptions.RemoveEmptyEntries);
    }

    /// <summary>All that it wrote to stderr; when it has ended.</summary>
    public Task<string> ReadErrorsAsync() => process.StandardError.ReadToEndAsync();

    public async Task<int> WaitAsync()
    {
        using var deadline = new CancellationTokenSource(TspmHome.Deadline);
        await process.WaitForExitAsync(deadline.Token);
        return process.ExitCode;
    }
}
