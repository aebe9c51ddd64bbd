using System.Buffers;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using SmartIpc.Framing;

namespace SmartIpc.Requests;

/// <summary>The explicit table from method number to handler.</summary>
/// <remarks>Filled before the server starts and not changed after; a number that is not in it is refused.</remarks>
public sealed class RequestTable
{
    private readonly Dictionary<ushort, RequestHandler> _handlers = [];

    /// <summary>The method numbers that have a handler.</summary>
    public IReadOnlyCollection<ushort> Methods => _handlers.Keys;

    /// <summary>Adds a method whose reply is JSON.</summary>
    /// <typeparam name="TRequest">Type of the request.</typeparam>
    /// <typeparam name="TReply">Type of the reply.</typeparam>
    /// <param name="method">The number on the wire.</param>
    /// <param name="name">The name for people.</param>
    /// <param name="requestType">How the request is read.</param>
    /// <param name="replyType">How the reply is written.</param>
    /// <param name="handler">Answers; runs on the connection's receive loop until it first waits.</param>
    /// <returns>The table.</returns>
    /// <exception cref="ArgumentException">The number has a handler already.</exception>
    public RequestTable Add<TRequest, TReply>(
        ushort method,
        string name,
        JsonTypeInfo<TRequest> requestType,
        JsonTypeInfo<TReply> replyType,
        Func<RequestContext, TRequest, CancellationToken, ValueTask<IpcResult<TReply>>> handler
    )
    {
        _handlers.Add(
            method,
            new JsonHandler<TRequest, TReply>(name, requestType, replyType, handler)
        );
        return this;
    }

    /// <summary>Adds a method whose reply is binary (flag 1).</summary>
    /// <typeparam name="TRequest">Type of the request.</typeparam>
    /// <param name="method">The number on the wire.</param>
    /// <param name="name">The name for people.</param>
    /// <param name="requestType">How the request is read.</param>
    /// <param name="handler">Writes the reply, or gives an error and what it wrote is dropped.</param>
    /// <returns>The table.</returns>
    /// <exception cref="ArgumentException">The number has a handler already.</exception>
    public RequestTable AddBinary<TRequest>(
        ushort method,
        string name,
        JsonTypeInfo<TRequest> requestType,
        Func<
            RequestContext,
            TRequest,
            IBufferWriter<byte>,
            CancellationToken,
            ValueTask<IpcError?>
        > handler
    )
    {
        _handlers.Add(method, new BinaryHandler<TRequest>(name, requestType, handler));
        return this;
    }

    internal RequestHandler? Find(ushort method) => _handlers.GetValueOrDefault(method);
}

/// <summary>One method with its types closed over.</summary>
internal abstract class RequestHandler(string name, bool isBinary)
{
    public string Name { get; } = name;

    public bool IsBinary { get; } = isBinary;

    /// <summary>Reads the payload at once (it is not touched after the first wait) and answers into the frame.</summary>
    public abstract ValueTask<IpcError?> InvokeAsync(
        RequestContext context,
        ReadOnlySpan<byte> payload,
        FrameBuffer reply,
        CancellationToken ct
    );

    protected static bool TryParse<T>(
        ReadOnlySpan<byte> payload,
        JsonTypeInfo<T> type,
        out T? value,
        out IpcError? error
    )
    {
        try
        {
            value = JsonSerializer.Deserialize(payload, type);
            error = value is null
                ? new IpcError(IpcErrorCodes.Invalid, "The request is null.")
                : null;
        }
        catch (Exception e)
            when (e is JsonException or InvalidOperationException or FormatException)
        {
            value = default;
            error = new IpcError(IpcErrorCodes.Invalid, "The request cannot be read: " + e.Message);
        }

        return error is null;
    }
}

/// <summary>A method whose reply is JSON.</summary>
internal sealed class JsonHandler<TRequest, TReply>(
    string name,
    JsonTypeInfo<TRequest> requestType,
    JsonTypeInfo<TReply> replyType,
    Func<RequestContext, TRequest, CancellationToken, ValueTask<IpcResult<TReply>>> handler
) : RequestHandler(name, isBinary: false)
{
    public override ValueTask<IpcError?> InvokeAsync(
        RequestContext context,
        ReadOnlySpan<byte> payload,
        FrameBuffer reply,
        CancellationToken ct
    )
    {
        // TryParse is true only with a value, so request! holds.
        return TryParse(payload, requestType, out var request, out var error)
            ? AnswerAsync(context, request!, reply, ct)
            : ValueTask.FromResult(error);
    }

    private async ValueTask<IpcError?> AnswerAsync(
        RequestContext context,
        TRequest request,
        FrameBuffer reply,
        CancellationToken ct
    )
    {
        var result = await handler(context, request, ct).ConfigureAwait(false);
        if (!result.TryGet(out var value, out var error))
        {
            return error;
        }

        using var json = new Utf8JsonWriter(reply);
        JsonSerializer.Serialize(json, value, replyType);
        return null;
    }
}

/// <summary>A method whose reply is binary.</summary>
internal sealed class BinaryHandler<TRequest>(
    string name,
    JsonTypeInfo<TRequest> requestType,
    Func<
        RequestContext,
        TRequest,
        IBufferWriter<byte>,
        CancellationToken,
        ValueTask<IpcError?>
    > handler
) : RequestHandler(name, isBinary: true)
{
    public override ValueTask<IpcError?> InvokeAsync(
        RequestContext context,
        ReadOnlySpan<byte> payload,
        FrameBuffer reply,
        CancellationToken ct
    ) =>
        // TryParse is true only with a value, so request! holds.
        TryParse(payload, requestType, out var request, out var error)
            ? handler(context, request!, reply, ct)
            : ValueTask.FromResult(error);
}
