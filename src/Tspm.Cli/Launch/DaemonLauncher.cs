using System.Runtime.InteropServices;
using System.Text;
using SmartIpc.Client;
using Tspm.CaptureLog;
using Tspm.CaptureLog.Control;
using Tspm.Client;

namespace Tspm.Cli.Launch;

/// <summary>Finds the daemon of a home, or starts a keeper, which starts one.</summary>
/// <remarks>Of many first commands at once one starts the keeper: it holds the start lock while it does, the others wait for it.</remarks>
internal sealed class DaemonLauncher(HomePaths home, bool mayStart)
{
    private const int MaxDepth = 8;
    private const int MaxAnswer = 4096;
    private static readonly TimeSpan SoonAgain = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan OneGreeting = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan HandoverDeadline = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan HandoverPause = TimeSpan.FromMilliseconds(10);
    private static readonly TimeSpan Look = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan LongestSilence = TimeSpan.FromSeconds(3);
    private static readonly TimeSpan LongestBackOff = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan LongestRecovery = TimeSpan.FromSeconds(30);

    /// <summary>The home.</summary>
    public HomePaths Home { get; } = home;

    /// <summary>Told how many programs ran when the machine or tspm ended, if this command started the daemon; null if nobody wants to know.</summary>
    public Action<int>? Started { get; set; }

    /// <summary>Whether a reader of a subscription goes on in the receive loop, by the bytes of a batch; null for never.</summary>
    public Func<int, bool>? RunsReaderInline { get; set; }

    /// <summary>Waits for the start of a daemon, and may show that meanwhile.</summary>
    public Func<Task, Task> Starting { get; init; } = work => work;

    /// <summary>A connection for questions; a daemon is started if there is none.</summary>
    /// <exception cref="CliException">There is none and none can be started.</exception>
    public async Task<TspmIpcClient> ConnectAsync(
        ReconnectPolicy? reconnect = null,
        CancellationToken ct = default
    )
    {
        CheckHome();
        if (await TryConnectAsync(reconnect, ct) is { } client)
        {
            return client;
        }

        if (!mayStart)
        {
            throw new CliException(
                ExitCodes.NoDaemon,
                "no daemon runs",
                "start one with: tspm daemon start"
            );
        }

        await Starting(Task.Run(() => StartAsync(ct), ct));
        var started =
            await TryConnectAsync(reconnect, ct)
            ?? throw new CliException(
                ExitCodes.NoDaemon,
                "the daemon ended at once",
                "see: tspm daemon logs"
            );
        if (Started is { } told && await started.GetStatusAsync(ct) is { Resurrectable: > 0 } left)
        {
            told(left.Resurrectable);
        }

        return started;
    }

    /// <summary>Asks one thing that changes nothing, without the threads of a connection if a daemon runs.</summary>
    /// <param name="question">May be asked twice.</param>
    /// <param name="ct">Ends the wait for a daemon that has to be started.</param>
    /// <exception cref="CliException">There is no daemon and none can be started.</exception>
    /// <exception cref="TspmException">The daemon refused.</exception>
    public async Task<T> AskAsync<T>(Func<TspmCaller, T> question, CancellationToken ct = default)
    {
        CheckHome();
        try
        {
            using var caller = TspmCaller.Connect(OptionsOf(null));
            return question(caller);
        }
        catch (TspmException error)
            when (error.Code
                    is IpcErrorCode.NotRunning
                        or IpcErrorCode.Closed
                        or IpcErrorCode.ShuttingDown
            )
        {
            // Started, or waited for: one that leaves is followed by the next.
            await using var client = await ConnectAsync(null, ct);
        }
        catch (TspmException error) when (error.Code == IpcErrorCode.Version)
        {
            throw Refused(error);
        }

        using var again = TspmCaller.Connect(OptionsOf(null));
        return question(again);
    }

    /// <summary>Asks one thing of a daemon that runs; null if none does, or it does not answer.</summary>
    /// <exception cref="CliException">The home cannot be used.</exception>
    public T? AskRunning<T>(Func<TspmCaller, T> question)
        where T : class
    {
        CheckHome();
        try
        {
            using var caller = TspmCaller.Connect(OptionsOf(null));
            return question(caller);
        }
        catch (TspmException)
        {
            // Whoever asks so can do without the answer.
            return null;
        }
    }

    /// <summary>A connection to a daemon that runs; null if none does.</summary>
    /// <remarks>A daemon that is about to leave hangs up or says so: the next one is waited for.</remarks>
    /// <exception cref="CliException">It cannot be talked to.</exception>
    public async Task<TspmIpcClient?> TryConnectAsync(
        ReconnectPolicy? reconnect,
        CancellationToken ct
    )
    {
        CheckHome();
        var time = TimeProvider.System;
        var begin = time.GetTimestamp();
        while (true)
        {
            try
            {
                return await TspmIpcClient.ConnectAsync(OptionsOf(reconnect), ct);
            }
            catch (TspmException error) when (error.Code is IpcErrorCode.NotRunning)
            {
                return null;
            }
            catch (TspmException error)
            {
                var isLeaving = error.Code is IpcErrorCode.Closed or IpcErrorCode.ShuttingDown;
                if (!isLeaving || time.GetElapsedTime(begin) > HandoverDeadline)
                {
                    throw Refused(error);
                }
            }

            await Task.Delay(HandoverPause, time, ct);
        }
    }

    private TspmClientOptions OptionsOf(ReconnectPolicy? reconnect) =>
        new()
        {
            SocketPath = Home.Socket,
            ClientName = $"tspm/{BuildFacts.Version}",
            BuildId = BuildFacts.BuildId,
            // One that comes back tries again soon; one that asks once has the time of a request.
            GreetTimeout = reconnect is null ? OneGreeting : SoonAgain,
            Reconnect = reconnect ?? ReconnectPolicy.None,
            RunsReaderInline = RunsReaderInline,
        };

    private static CliException Refused(TspmException error) =>
        new(
            ExitCodes.Of(error.Code),
            error.Message,
            error.Code == IpcErrorCode.Version
                ? $"this command is version {BuildFacts.Version}; use the one of the daemon, or have the daemon go on as this one: tspm daemon upgrade"
                : error.Hint
        );

    private void CheckHome()
    {
        foreach (var directory in new[] { Home.Root, Home.Machine })
        {
            if (HomeGuard.FindFault(directory) is { } fault)
            {
                throw new CliException(ExitCodes.Permission, fault, HintOf(directory));
            }
        }
    }

    /// <summary>With sudo the home may still be the caller's: then its daemon is the caller's too.</summary>
    private static string HintOf(string directory)
    {
        var caller = Environment.GetEnvironmentVariable("SUDO_USER");
        var isRootInForeignHome = LibC.UserId == 0 && HomeGuard.OwnerOf(directory) is > 0;
        return isRootInForeignHome && caller is not null
            ? $"this is the daemon of {caller}: run tspm without sudo"
            : "choose another home with --home or TSPM_HOME, or: chmod 700";
    }

    private async Task StartAsync(CancellationToken ct)
    {
        _ = int.TryParse(Environment.GetEnvironmentVariable("TSPM_DEPTH"), out var depth);
        if (depth >= MaxDepth)
        {
            throw new CliException(
                ExitCodes.NoDaemon,
                $"tspm was started by tspm {MaxDepth} times over; no daemon is started here"
            );
        }

        PrepareHome();
        using var turn = LibC.OpenLocked(Home.StartLock);
        if (turn is null)
        {
            var why = Marshal.GetLastPInvokeErrorMessage();
            throw new CliException(
                ExitCodes.NoDaemon,
                $"{Home.StartLock} cannot be locked: {why}",
                "what is stored can be read all the same: tspm logs --home DIR --offline"
            );
        }

        // Somebody else may have started it while we waited for our turn.
        if (await TryConnectAsync(null, ct) is { } running)
        {
            await running.DisposeAsync();
            return;
        }

        await StartKeeperAsync(ct);
    }

    private async Task StartKeeperAsync(CancellationToken ct)
    {
        var begin = TimeProvider.System.GetTimestamp();
        KeeperFacts? facts;
        do
        {
            if (RunKeeper() || await HasDaemonAsync(ct))
            {
                return;
            }

            // Another keeper has the home, and a daemon that it is about to start. Or it is dying: the lock of one that was
            // killed is let go a moment after it, and then the next try is the one that counts.
            while ((facts = AskKeeper()) is not null && IsWorthWaiting(facts, begin))
            {
                if (await HasDaemonAsync(ct))
                {
                    return;
                }
            }
        } while (IsWorthWaiting(facts, begin));

        var end = facts is { LastDaemonEnd.Length: > 0 }
            ? $" (its last one: {facts.LastDaemonEnd})"
            : "";
        throw new CliException(
            ExitCodes.NoDaemon,
            $"the keeper is there, but no daemon of it answers{end}",
            $"see: {Home.DaemonLog} and {Home.KeeperLog}"
        );
    }

    /// <summary>Starts one; false if another has the home.</summary>
    /// <exception cref="CliException">It could not begin.</exception>
    private bool RunKeeper()
    {
        var command = SelfCommand.With("keeper", "--home", Home.Root);
        using var answer = LibC.StartDetached(command, out var errno);
        if (answer is null)
        {
            throw new CliException(
                ExitCodes.NoDaemon,
                $"{command[0]} cannot be started (errno {errno})"
            );
        }

        var text = ReadAnswer(answer);
        if (text == "ready" || text.StartsWith("another keeper", StringComparison.Ordinal))
        {
            return text == "ready";
        }

        var code =
            text.Contains("belongs to", StringComparison.Ordinal)
            || text.Contains("open to others", StringComparison.Ordinal)
                ? ExitCodes.Permission
                : ExitCodes.NoDaemon;
        throw new CliException(
            code,
            text.Length > 0 ? text : "the keeper ended without a word",
            $"see: {Home.KeeperLog}"
        );
    }

    private KeeperFacts? AskKeeper()
    {
        using var keeper = KeeperCaller.TryConnect(Home, LongestSilence);
        return keeper?.GetFacts();
    }

    /// <summary>A daemon that reads its journal takes its time; one that keeps dying is tried again when its keeper says so.</summary>
    private static bool IsWorthWaiting(KeeperFacts? facts, long begin)
    {
        var left =
            facts is null ? LongestSilence
            : facts.DaemonPid != 0 ? LongestRecovery
            : LongestBackOff - TimeSpan.FromMilliseconds(facts.NextTryMs);
        return TimeProvider.System.GetElapsedTime(begin) < left;
    }

    private async Task<bool> HasDaemonAsync(CancellationToken ct)
    {
        try
        {
            await IpcClient.WaitForServerAsync(Home.Socket, Look, TimeProvider.System, ct);
            return true;
        }
        catch (IpcException)
        {
            // Not yet: whoever asks decides how long that is borne.
            return false;
        }
    }

    private void PrepareHome()
    {
        try
        {
            if (HomeGuard.Prepare(Home) is { } fault)
            {
                throw new CliException(ExitCodes.Permission, fault);
            }
        }
        catch (IOException error)
        {
            throw new CliException(
                ExitCodes.Failed,
                $"the home cannot be made: {error.Message}",
                "choose another with --home or TSPM_HOME"
            );
        }
        catch (UnauthorizedAccessException error)
        {
            throw new CliException(
                ExitCodes.Permission,
                $"the home cannot be made: {error.Message}",
                "choose another with --home or TSPM_HOME"
            );
        }
    }

    private static string ReadAnswer(Microsoft.Win32.SafeHandles.SafeFileHandle answer)
    {
        var bytes = new byte[MaxAnswer];
        var length = 0;
        using var pipe = new FileStream(answer, FileAccess.Read, bufferSize: 1);
        while (length < bytes.Length)
        {
            var read = pipe.Read(bytes.AsSpan(length));
            length += read;
            if (read == 0 || bytes.AsSpan(0, length).Contains((byte)'\n'))
            {
                break;
            }
        }

        return Encoding.UTF8.GetString(bytes, 0, length).Trim();
    }
}
