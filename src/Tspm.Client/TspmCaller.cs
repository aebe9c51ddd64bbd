using System.Text.Json.Serialization.Metadata;
using SmartIpc.Client;
using Tspm.Protocol;
using Tspm.Protocol.Messages;

namespace Tspm.Client;

/// <summary>Asks a daemon on the caller's own thread: for a command that looks once and ends.</summary>
/// <remarks>No thread, timer or event loop is started. For one thread at a time.</remarks>
public sealed class TspmCaller : IDisposable
{
    private readonly IpcCaller _ipc;

    private TspmCaller(IpcCaller ipc) => _ipc = ipc;

    /// <summary>Connects to a daemon that runs.</summary>
    /// <exception cref="TspmException">not-running, peer or timeout.</exception>
    public static TspmCaller Connect(TspmClientOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        try
        {
            return new TspmCaller(
                IpcCaller.Connect(
                    new IpcClientOptions
                    {
                        SocketPath = options.SocketPath,
                        ClientName = options.ClientName,
                        BuildId = options.BuildId,
                        RequestTimeout = options.RequestTimeout,
                        ConnectDeadline = options.GreetTimeout,
                        HandshakeDeadline = options.GreetTimeout,
                        TimeProvider = options.TimeProvider,
                    }
                )
            );
        }
        catch (IpcException error)
        {
            throw TspmException.From(error);
        }
    }

    /// <summary>Facts about the daemon.</summary>
    /// <exception cref="TspmException">The daemon refused or is gone.</exception>
    public StatusReply GetStatus() =>
        Ask(MethodNumbers.Status, new EmptyMessage(), Json.EmptyMessage, Json.StatusReply);

    /// <summary>The selected processes; all if none is named.</summary>
    /// <exception cref="TspmException">The daemon refused or is gone.</exception>
    public ProcessesReply List(IReadOnlyList<string> select, bool withCounters = false) =>
        Ask(
            MethodNumbers.List,
            new SelectRequest(select) { Counters = withCounters },
            Json.SelectRequest,
            Json.ProcessesReply
        );

    /// <summary>All facts about the selected processes.</summary>
    /// <exception cref="TspmException">The daemon refused or is gone.</exception>
    public ProcessesReply Describe(IReadOnlyList<string> select) =>
        Ask(
            MethodNumbers.Describe,
            new SelectRequest(select),
            Json.SelectRequest,
            Json.ProcessesReply
        );

    /// <summary>What the selected processes use now, and lately.</summary>
    /// <exception cref="TspmException">The daemon refused or is gone.</exception>
    public SamplesReply GetSamples(SamplesRequest request) =>
        Ask(MethodNumbers.Samples, request, Json.SamplesRequest, Json.SamplesReply);

    /// <inheritdoc/>
    public void Dispose() => _ipc.Dispose();

    private static ProtocolJsonContext Json => ProtocolJsonContext.Default;

    private TReply Ask<TRequest, TReply>(
        ushort method,
        TRequest request,
        JsonTypeInfo<TRequest> requestType,
        JsonTypeInfo<TReply> replyType
    )
    {
        try
        {
            return _ipc.Request(method, request, requestType, replyType);
        }
        catch (IpcException error)
        {
            throw TspmException.From(error);
        }
    }
}
