using SmartIpc.Connections;
using SmartIpc.Requests;
using Tspm.Daemon.Ingest;
using Tspm.Daemon.Keeper;
using Tspm.Daemon.Supervision;
using Tspm.Protocol;
using Tspm.Protocol.Messages;

namespace Tspm.Daemon.Ipc;

/// <summary>The requests about the daemon itself.</summary>
internal sealed class DaemonHandlers(
    DaemonOptions options,
    string daemonId,
    ProcessRegistry registry,
    IngestThread ingest,
    IKeeper keeper,
    TimeProvider time,
    Func<IpcServer> server,
    Action<DaemonEnd> end
)
{
    private const int MaxLogLines = 10_000;
    private static readonly TimeSpan KeeperPatience = TimeSpan.FromSeconds(2);
    private readonly long _startedAt = time.GetTimestamp();

    /// <summary>Adds the requests to a table.</summary>
    public void Register(RequestTable table)
    {
        var json = ProtocolJsonContext.Default;
        table
            .Add(
                MethodNumbers.Status,
                "status",
                json.EmptyMessage,
                json.StatusReply,
                (_, _, ct) => StatusAsync(ct)
            )
            .Add(
                MethodNumbers.Followers,
                "followers",
                json.EmptyMessage,
                json.FollowersReply,
                (_, _, _) => Followers()
            )
            .Add(
                MethodNumbers.DaemonLogs,
                "daemonLogs",
                json.DaemonLogsRequest,
                json.DaemonLogsReply,
                (_, request, ct) => LogsAsync(request, ct)
            )
            .Add(
                MethodNumbers.Shutdown,
                "shutdown",
                json.ShutdownRequest,
                json.ActionReply,
                ShutdownAsync
            )
            .Add(
                MethodNumbers.RestartDaemon,
                "restartDaemon",
                json.EmptyMessage,
                json.EmptyMessage,
                (_, _, _) => Restart()
            );
    }

    /// <summary>Stops all programs, the newest first, what depends on others before those; each with its own grace.</summary>
    public Task<IReadOnlyList<ActionResult>> StopAllAsync(int timeoutMs) =>
        new Shutdown(registry, time).StopAllAsync(timeoutMs);

    private async ValueTask<IpcResult<StatusReply>> StatusAsync(CancellationToken ct)
    {
        var all = registry.All;

        // A keeper answers in a millisecond; one that is being replaced is not waited for until the asker gives up.
        using var patience = new CancellationTokenSource(KeeperPatience, time);
        using var asking = CancellationTokenSource.CreateLinkedTokenSource(ct, patience.Token);
        var keeperAllocated = await KeeperAllocatedAsync(asking.Token);
        var keeperView = await KeeperViews.AskAsync(keeper, asking.Token);
        ct.ThrowIfCancellationRequested();
        return new StatusReply
        {
            Pid = Environment.ProcessId,
            KeeperPid = keeper.Pid,
            Version = options.Version,
            Build = options.BuildId,
            Protocol = 1,
            DaemonId = daemonId,
            Home = options.Home.Root,
            Socket = options.Home.Socket,
            UptimeSeconds = Math.Round(time.GetElapsedTime(_startedAt).TotalSeconds, 3),
            Processes = all.Count,
            Running = all.Count(process => process.Run is { Outcome: null, Pid: > 0 }),
            Clients = server().GetPeers().Count,
            Subscriptions = server().SubscriptionCount,
            JournalPosition = ingest.Position,
            AllocatedBytes = GC.GetTotalAllocatedBytes(),
            KeeperAllocatedBytes = keeperAllocated,
            Keeper = keeperView,
            Resurrectable = all.Count(process => process.IsResurrectable),
        };
    }

    private async Task<long?> KeeperAllocatedAsync(CancellationToken ct)
    {
        try
        {
            return await keeper.GetAllocatedBytesAsync(ct);
        }
        catch (Exception none) when (none is IOException or OperationCanceledException)
        {
            // There is no keeper just now; the daemon's own facts are worth telling without it.
            return null;
        }
    }

    private ValueTask<IpcResult<FollowersReply>> Followers()
    {
        var rows =
            from peer in server().GetPeers()
            from subscription in peer.Subscriptions
            select new FollowerView(
                peer.Peer.ClientName,
                peer.Peer.Pid,
                subscription.Topic,
                subscription.Position,
                subscription.Head,
                subscription.SentBytes,
                subscription.GapsTold,
                subscription.CreditLeft,
                subscription.SentEntries,
                subscription.LagBytes,
                subscription.Policy
            );
        return ValueTask.FromResult<IpcResult<FollowersReply>>(new FollowersReply([.. rows]));
    }

    private async ValueTask<IpcResult<DaemonLogsReply>> LogsAsync(
        DaemonLogsRequest request,
        CancellationToken ct
    )
    {
        if (request.Tail is < 1 or > MaxLogLines)
        {
            return new IpcError(ErrorCodes.BadRequest, $"tail must be 1 to {MaxLogLines}", null);
        }

        var lines = new List<string>();
        foreach (var path in new[] { options.Home.DaemonLog + ".1", options.Home.DaemonLog })
        {
            if (File.Exists(path))
            {
                lines.AddRange(await File.ReadAllLinesAsync(path, ct));
            }
        }

        return new DaemonLogsReply([.. lines.TakeLast(request.Tail)]);
    }

    private async ValueTask<IpcResult<ActionReply>> ShutdownAsync(
        RequestContext context,
        ShutdownRequest request,
        CancellationToken ct
    )
    {
        var results = await StopAllAsync(request.TimeoutMs);
        end(DaemonEnd.Shutdown);
        return new ActionReply(results);
    }

    private ValueTask<IpcResult<EmptyMessage>> Restart()
    {
        end(DaemonEnd.Replace);
        return ValueTask.FromResult<IpcResult<EmptyMessage>>(new EmptyMessage());
    }
}

/// <summary>How the daemon is to end.</summary>
internal enum DaemonEnd
{
    /// <summary>By a signal: the keeper starts another.</summary>
    Stop,

    /// <summary>To be replaced at once.</summary>
    Replace,

    /// <summary>With everything: all programs have been stopped.</summary>
    Shutdown,

    /// <summary>The keeper was asked to stop: stop all programs first.</summary>
    StopAll,

    /// <summary>Something failed that it cannot go on without.</summary>
    Failed,
}
