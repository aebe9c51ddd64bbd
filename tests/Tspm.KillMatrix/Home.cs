using System.Diagnostics;
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
        start.Environment.Remove("TSPM_RUN");
        foreach (var argument in arguments)
        {
            start.ArgumentList.Add(argument);
        }

        var process = Process.Start(start)!;
        _started.Add(process);
        return process;
    }

    /// <summary>Runs a command to its end; its stdout.</summary>
    public async Task<string> RunAsync(params string[] arguments)
    {
        using var process = Start(arguments);
        _started.Remove(process);
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
