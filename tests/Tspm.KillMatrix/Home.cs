using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;
using Tspm.CaptureLog;
using Tspm.Client;
using Tspm.Protocol.Messages;

namespace Tspm.KillMatrix;

/// <summary>A home whose keeper and daemon are killed by the pids that the kernel names as holders of their locks.</summary>
internal sealed partial class Home : IAsyncDisposable
{
    private const int SigKill = 9;
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(30);
    private readonly string _binary;
    private readonly List<Process> _started = [];

    public Home(string binary)
    {
        _binary = binary;
        Root = Path.Join(Path.GetTempPath(), $"km{Random.Shared.NextInt64():x}"[..12]);
        Paths = HomePaths.At(Root);
    }

    public string Root { get; }

    public HomePaths Paths { get; }

    /// <summary>While this file is there, the keeper dies at its next splice and takes it along.</summary>
    public string Aim => Root + ".aim";

    /// <summary>The process whose lines are counted.</summary>
    public uint FlowId { get; set; }

    /// <summary>Leave the files.</summary>
    public bool IsKept { get; set; }

    public int Daemon => LockHolder.Find(Paths.DaemonLock);

    public int Keeper => LockHolder.Find(Paths.KeeperLock);

    public static void Kill(int pid)
    {
        if (pid > 0)
        {
            _ = kill(pid, SigKill);
        }
    }

    public static void Interrupt(int pid) => _ = kill(pid, 2);

    /// <summary>Where the runtime is, if it is not where it is looked for.</summary>
    public static string[] RuntimePlace() =>
        Environment.GetEnvironmentVariable("DOTNET_ROOT") is { Length: > 0 } root
            ? [$"DOTNET_ROOT={root}"]
            : [];

    /// <summary>Memory of a process that no file backs.</summary>
    public static long AnonymousKiB(int pid) =>
        File.ReadLines($"/proc/{pid}/status")
            .Where(line => line.StartsWith("RssAnon:", StringComparison.Ordinal))
            .Select(line =>
                long.Parse(
                    line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1],
                    CultureInfo.InvariantCulture
                )
            )
            .First();

    /// <summary>Open files of a process.</summary>
    public static int CountDescriptors(int pid) =>
        Directory.EnumerateFileSystemEntries($"/proc/{pid}/fd").Count();

    /// <summary>Starts a command; its outputs can be read.</summary>
    public Process Start(params string[] arguments)
    {
        var start = new ProcessStartInfo(_binary)
        {
            UseShellExecute = false,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        start.Environment["TSPM_HOME"] = Root;
        start.Environment["TSPM_CRASH_AT"] = CrashPoint.AfterSplice;
        start.Environment["TSPM_CRASH_ONCE"] = Aim;
        start.Environment.Remove("TSPM_RUN");
        foreach (var argument in arguments)
        {
            start.ArgumentList.Add(argument);
        }

        var process = Process.Start(start)!;
        _started.Add(process);
        return process;
    }

    /// <summary>It has ended and is disposed of by whoever waited.</summary>
    public void Forget(Process process) => _started.Remove(process);

    /// <summary>Runs a command to its end; its stdout.</summary>
    public async Task<string> RunAsync(params string[] arguments)
    {
        using var process = Start(arguments);
        Forget(process);
        process.StandardInput.Close();
        var errors = process.StandardError.ReadToEndAsync();
        var output = await process.StandardOutput.ReadToEndAsync();
        await process.WaitForExitAsync();
        return process.ExitCode == 0
            ? output
            : throw new InvalidOperationException(
                $"tspm {string.Join(' ', arguments)}: exit {process.ExitCode}: {await errors}"
            );
    }

    /// <summary>A client of the daemon that is there now.</summary>
    public Task<TspmIpcClient> ConnectAsync() =>
        TspmIpcClient.ConnectAsync(new TspmClientOptions { SocketPath = Paths.Socket });

    /// <summary>Waits until keeper and daemon are there, know each other, and serve.</summary>
    public async Task<StatusReply> WaitUntilWholeAsync()
    {
        var watch = Stopwatch.StartNew();
        Exception? last = null;
        while (watch.Elapsed < Deadline)
        {
            try
            {
                await using var client = await ConnectAsync();
                var status = await client.GetStatusAsync();
                if (status.KeeperPid > 0 && status.KeeperPid == Keeper && status.Pid == Daemon)
                {
                    return status;
                }
            }
            catch (TspmException error)
            {
                last = error;
            }

            await Task.Delay(2);
        }

        throw new TimeoutException(
            $"keeper {Keeper} and daemon {Daemon} do not come together: {last?.Message}"
        );
    }

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
            if (IsKept)
            {
                Console.WriteLine($"its files are left in {Root}");
                return;
            }

            Directory.Delete(Root, recursive: true);
        }
    }

    [LibraryImport("libc", SetLastError = true)]
    private static partial int kill(int pid, int signal);
}
