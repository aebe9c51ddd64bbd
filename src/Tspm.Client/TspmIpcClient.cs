using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using SmartIpc.Client;
using SmartIpc.Connections;
using Tspm.Protocol;
using Tspm.Protocol.Messages;

namespace Tspm.Client;

/// <summary>A connection to a tspm daemon: requests, and subscriptions to logs that come back after a lost connection.</summary>
public sealed class TspmIpcClient : IAsyncDisposable
{
    internal const long CreditBytes = 1024 * 1024;
    private static readonly TimeSpan UnsubscribeDeadline = TimeSpan.FromMilliseconds(200);
    private readonly IpcClient _ipc;

    private TspmIpcClient(IpcClient ipc) => _ipc = ipc;

    /// <summary>Where the connection is.</summary>
    public ConnectionState State => _ipc.State;

    /// <summary>Which connection there is now, from 1; 0 if there is none.</summary>
    public long ConnectionNumber => _ipc.ConnectionNumber;

    /// <summary>What the daemon said of itself when it was last connected to.</summary>
    public ServerWelcome? Welcome => _ipc.Welcome;

    /// <summary>Connects to a daemon that runs.</summary>
    /// <exception cref="TspmException">not-running, peer, version, busy, shutting-down, timeout, closed or protocol.</exception>
    public static async Task<TspmIpcClient> ConnectAsync(
        TspmClientOptions options,
        CancellationToken ct = default
    )
    {
        ArgumentNullException.ThrowIfNull(options);
        var ipc = new IpcClient(
            new IpcClientOptions
            {
                SocketPath = options.SocketPath,
                ClientName = options.ClientName,
                BuildId = options.BuildId,
                RequestTimeout = options.RequestTimeout,
                ConnectDeadline = options.GreetTimeout,
                HandshakeDeadline = options.GreetTimeout,
                Reconnect = options.Reconnect,
                SilenceTimeout = options.SilenceTimeout,
                PongTimeout = options.PongTimeout,
                TimeProvider = options.TimeProvider,
                OnConnectionChange = options.OnConnectionChange,
                RunsReaderInline = options.RunsReaderInline,
            }
        );
        try
        {
            await ipc.ConnectAsync(ct).ConfigureAwait(false);
            return new TspmIpcClient(ipc);
        }
        catch (IpcException error)
        {
            await ipc.DisposeAsync().ConfigureAwait(false);
            throw TspmException.From(error);
        }
    }

    /// <summary>Facts about the daemon.</summary>
    public Task<StatusReply> GetStatusAsync(CancellationToken ct = default) =>
        AskAsync(MethodNumbers.Status, new EmptyMessage(), Json.EmptyMessage, Json.StatusReply, ct);

    /// <summary>The selected processes; all if none is named.</summary>
    public Task<ProcessesReply> ListAsync(
        IReadOnlyList<string> select,
        CancellationToken ct = default
    ) =>
        AskAsync(
            MethodNumbers.List,
            new SelectRequest(select),
            Json.SelectRequest,
            Json.ProcessesReply,
            ct
        );

    /// <summary>The selected processes, with the counters of their logs.</summary>
    public Task<ProcessesReply> ListWithCountersAsync(
        IReadOnlyList<string> select,
        CancellationToken ct = default
    ) =>
        AskAsync(
            MethodNumbers.List,
            new SelectRequest(select) { Counters = true },
            Json.SelectRequest,
            Json.ProcessesReply,
            ct
        );

    /// <summary>All facts about the selected processes.</summary>
    public Task<ProcessesReply> DescribeAsync(
        IReadOnlyList<string> select,
        CancellationToken ct = default
    ) =>
        AskAsync(
            MethodNumbers.Describe,
            new SelectRequest(select),
            Json.SelectRequest,
            Json.ProcessesReply,
            ct
        );

    /// <summary>The environment of the selected processes.</summary>
    public Task<EnvReply> GetEnvironmentAsync(EnvRequest request, CancellationToken ct = default) =>
        AskAsync(MethodNumbers.Env, request, Json.EnvRequest, Json.EnvReply, ct);

    /// <summary>All facts about the selected processes, secrets too if that is asked.</summary>
    public Task<ProcessesReply> DescribeAsync(
        SelectRequest request,
        CancellationToken ct = default
    ) => AskAsync(MethodNumbers.Describe, request, Json.SelectRequest, Json.ProcessesReply, ct);

    /// <summary>What the selected processes use now, and lately.</summary>
    public Task<SamplesReply> GetSamplesAsync(
        SamplesRequest request,
        CancellationToken ct = default
    ) => AskAsync(MethodNumbers.Samples, request, Json.SamplesRequest, Json.SamplesReply, ct);

    /// <summary>Starts a new process or known ones.</summary>
    public Task<ActionReply> StartAsync(StartRequest request, CancellationToken ct = default) =>
        AskAsync(MethodNumbers.Start, request, Json.StartRequest, Json.ActionReply, ct);

    /// <summary>Stops; waits for the end within the grace of each.</summary>
    public Task<ActionReply> StopAsync(StopRequest request, CancellationToken ct = default) =>
        AskAsync(MethodNumbers.Stop, request, Json.StopRequest, Json.ActionReply, ct);

    /// <summary>Stops and starts.</summary>
    public Task<ActionReply> RestartAsync(
        IReadOnlyList<string> select,
        CancellationToken ct = default
    ) => RestartAsync(new RestartRequest { Select = select }, ct);

    /// <summary>Stops and starts, in an order.</summary>
    public Task<ActionReply> RestartAsync(RestartRequest request, CancellationToken ct = default) =>
        AskAsync(MethodNumbers.Restart, request, Json.RestartRequest, Json.ActionReply, ct);

    /// <summary>Starts the new run, waits until it is ready, stops the old one.</summary>
    public Task<ActionReply> ReloadAsync(RestartRequest request, CancellationToken ct = default) =>
        AskAsync(MethodNumbers.Reload, request, Json.RestartRequest, Json.ActionReply, ct);

    /// <summary>Forgets failures and waiting times of the restart policy.</summary>
    public Task<ActionReply> ResetAsync(
        IReadOnlyList<string> select,
        CancellationToken ct = default
    ) =>
        AskAsync(
            MethodNumbers.Reset,
            new SelectRequest(select),
            Json.SelectRequest,
            Json.ActionReply,
            ct
        );

    /// <summary>Changes settings.</summary>
    public Task<ActionReply> SetAsync(SetRequest request, CancellationToken ct = default) =>
        AskAsync(MethodNumbers.Set, request, Json.SetRequest, Json.ActionReply, ct);

    /// <summary>Gives a process another name.</summary>
    public Task<ActionReply> RenameAsync(RenameRequest request, CancellationToken ct = default) =>
        AskAsync(MethodNumbers.Rename, request, Json.RenameRequest, Json.ActionReply, ct);

    /// <summary>Has so many instances.</summary>
    public Task<ActionReply> ScaleAsync(ScaleRequest request, CancellationToken ct = default) =>
        AskAsync(MethodNumbers.Scale, request, Json.ScaleRequest, Json.ActionReply, ct);

    /// <summary>Stops and forgets.</summary>
    public Task<ActionReply> DeleteAsync(DeleteRequest request, CancellationToken ct = default) =>
        AskAsync(MethodNumbers.Delete, request, Json.DeleteRequest, Json.ActionReply, ct);

    /// <summary>Sends a signal.</summary>
    public Task<ActionReply> SignalAsync(SignalRequest request, CancellationToken ct = default) =>
        AskAsync(MethodNumbers.Signal, request, Json.SignalRequest, Json.ActionReply, ct);

    /// <summary>Writes into the stdin of a program.</summary>
    public Task<SendReply> SendAsync(SendRequest request, CancellationToken ct = default) =>
        AskAsync(MethodNumbers.Send, request, Json.SendRequest, Json.SendReply, ct);

    /// <summary>Sets the size of the terminal of a program.</summary>
    public Task ResizeAsync(ResizeRequest request, CancellationToken ct = default) =>
        AskAsync(MethodNumbers.Resize, request, Json.ResizeRequest, Json.EmptyMessage, ct);

    /// <summary>Waits a little for the end of a run.</summary>
    public Task<WaitExitReply> WaitExitAsync(
        WaitExitRequest request,
        CancellationToken ct = default
    ) => AskAsync(MethodNumbers.WaitExit, request, Json.WaitExitRequest, Json.WaitExitReply, ct);

    /// <summary>The logs that selectors mean.</summary>
    public Task<ResolveReply> ResolveAsync(
        IReadOnlyList<string> select,
        CancellationToken ct = default
    ) =>
        AskAsync(
            MethodNumbers.Resolve,
            new SelectRequest(select),
            Json.SelectRequest,
            Json.ResolveReply,
            ct
        );

    /// <summary>Takes stored entries from the disk.</summary>
    public Task<FlushReply> FlushAsync(FlushRequest request, CancellationToken ct = default) =>
        AskAsync(MethodNumbers.Flush, request, Json.FlushRequest, Json.FlushReply, ct);

    /// <summary>Checks what is stored against its checksums.</summary>
    public Task<VerifyReply> VerifyAsync(
        IReadOnlyList<string> select,
        CancellationToken ct = default
    ) =>
        AskAsync(
            MethodNumbers.Verify,
            new SelectRequest(select),
            Json.SelectRequest,
            Json.VerifyReply,
            ct
        );

    /// <summary>Why runs ended.</summary>
    public Task<WhyReply> WhyAsync(WhyRequest request, CancellationToken ct = default) =>
        AskAsync(MethodNumbers.Why, request, Json.WhyRequest, Json.WhyReply, ct);

    /// <summary>Where points in time lie in a log.</summary>
    public Task<LocateReply> LocateAsync(LocateRequest request, CancellationToken ct = default) =>
        AskAsync(MethodNumbers.Locate, request, Json.LocateRequest, Json.LocateReply, ct);

    /// <summary>Who is attached.</summary>
    public Task<FollowersReply> GetFollowersAsync(CancellationToken ct = default) =>
        AskAsync(
            MethodNumbers.Followers,
            new EmptyMessage(),
            Json.EmptyMessage,
            Json.FollowersReply,
            ct
        );

    /// <summary>The newest lines of the daemon's own log.</summary>
    public Task<DaemonLogsReply> GetDaemonLogsAsync(int tail, CancellationToken ct = default) =>
        AskAsync(
            MethodNumbers.DaemonLogs,
            new DaemonLogsRequest(tail),
            Json.DaemonLogsRequest,
            Json.DaemonLogsReply,
            ct
        );

    /// <summary>Has the daemon replaced; no program is touched.</summary>
    public Task RestartDaemonAsync(CancellationToken ct = default) =>
        AskAsync(
            MethodNumbers.RestartDaemon,
            new EmptyMessage(),
            Json.EmptyMessage,
            Json.EmptyMessage,
            ct
        );

    /// <summary>Stops all programs, then daemon and keeper.</summary>
    public Task<ActionReply> ShutdownAsync(
        ShutdownRequest request,
        CancellationToken ct = default
    ) => AskAsync(MethodNumbers.Shutdown, request, Json.ShutdownRequest, Json.ActionReply, ct);

    /// <summary>Starts what ran when the machine or tspm ended, or what a saved list holds.</summary>
    public Task<ActionReply> ResurrectAsync(
        ResurrectRequest request,
        CancellationToken ct = default
    ) => AskAsync(MethodNumbers.Resurrect, request, Json.ResurrectRequest, Json.ActionReply, ct);

    /// <summary>Saves the list, or a copy of it.</summary>
    public Task<SaveReply> SaveAsync(SaveRequest request, CancellationToken ct = default) =>
        AskAsync(MethodNumbers.Save, request, Json.SaveRequest, Json.SaveReply, ct);

    /// <summary>A page of history; dispose it.</summary>
    /// <param name="request">Which.</param>
    /// <param name="connection">The connection that it makes sense on, from 1; closed if there is another one now. 0 for any.</param>
    /// <param name="ct">Cancels it.</param>
    /// <exception cref="TspmException">The daemon refused, is gone, or is another one.</exception>
    public async Task<LogPage> GetLogsAsync(
        GetLogsRequest request,
        long connection = 0,
        CancellationToken ct = default
    )
    {
        try
        {
            var lease = await _ipc.RequestBinaryAsync(
                    MethodNumbers.GetLogs,
                    request,
                    Json.GetLogsRequest,
                    null,
                    connection,
                    ct
                )
                .ConfigureAwait(false);
            return new LogPage(lease);
        }
        catch (IpcException error)
        {
            throw TspmException.From(error);
        }
    }

    /// <summary>Follows a log; over lost connections too. The caller names its newest position each time it is asked.</summary>
    /// <param name="log">The log.</param>
    /// <param name="optionsForGen">Called before each subscribe with its generation.</param>
    /// <param name="creditBytes">Bytes that may be on their way to this reader, at least 1; one batch more may be.</param>
    public IpcSubscription Subscribe(
        LogTarget log,
        Func<uint, LogSubscribeOptions> optionsForGen,
        long creditBytes = CreditBytes
    ) =>
        _ipc.Subscribe(
            log.Topic,
            gen =>
                JsonSerializer.SerializeToUtf8Bytes(optionsForGen(gen), Json.LogSubscribeOptions),
            creditBytes
        );

    /// <summary>The bytes that a program prints, before they are lines, until its run ends.</summary>
    /// <param name="processId">The process.</param>
    /// <param name="optionsForGen">Called before each subscribe with its generation.</param>
    public IpcSubscription SubscribeTerminal(uint processId, Func<uint, byte[]> optionsForGen) =>
        _ipc.Subscribe(TopicNames.Terminal(processId), gen => optionsForGen(gen), CreditBytes);

    /// <summary>Hears of processes that are made and deleted: a batch for each change, without content.</summary>
    public IpcSubscription SubscribeProcesses() =>
        _ipc.Subscribe(TopicNames.Processes, _ => "{}"u8.ToArray(), creditBytes: 4096);

    /// <summary>Ends a subscription; waits at most 200 ms for the daemon's last word.</summary>
    public static ValueTask UnsubscribeAsync(IpcSubscription subscription) =>
        subscription.UnsubscribeAsync(UnsubscribeDeadline);

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => _ipc.DisposeAsync();

    private static ProtocolJsonContext Json => ProtocolJsonContext.Default;

    private async Task<TReply> AskAsync<TRequest, TReply>(
        ushort method,
        TRequest request,
        JsonTypeInfo<TRequest> requestType,
        JsonTypeInfo<TReply> replyType,
        CancellationToken ct
    )
    {
        try
        {
            // Some requests wait for programs to end: the daemon bounds them, the caller may cancel them.
            var timeout = WaitsForPrograms(method) ? TimeSpan.FromHours(1) : (TimeSpan?)null;
            return await _ipc.RequestAsync(method, request, requestType, replyType, timeout, ct)
                .ConfigureAwait(false);
        }
        catch (IpcException error)
        {
            throw TspmException.From(error);
        }
    }

    private static bool WaitsForPrograms(ushort method) =>
        method
            is MethodNumbers.Stop
                or MethodNumbers.Restart
                or MethodNumbers.Delete
                or MethodNumbers.Shutdown
                or MethodNumbers.WaitExit
                or MethodNumbers.Flush
                or MethodNumbers.Verify
                or MethodNumbers.Start
                or MethodNumbers.Scale
                or MethodNumbers.Reload
                or MethodNumbers.Resurrect;
}
