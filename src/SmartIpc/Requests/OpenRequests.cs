using SmartIpc.Connections;
using SmartIpc.Framing;

namespace SmartIpc.Requests;

/// <summary>The requests of one connection that are being answered; bounded, the next one is refused as busy.</summary>
internal sealed class OpenRequests(
    RequestTable table,
    IpcServerOptions options,
    IpcCounters counters,
    IIpcObserver observer,
    FramePump pump,
    CancellationToken connectionClosed
)
{
    // Guards _open and _openNotifies.
    private readonly Lock _gate = new();
    private readonly Dictionary<uint, CancellationTokenSource> _open = [];
    private int _openNotifies;

    public int Count
    {
        get
        {
            lock (_gate)
            {
                return _open.Count + _openNotifies;
            }
        }
    }

    /// <summary>Starts to answer. The payload is read before this returns.</summary>
    public void Start(IpcPeer peer, in FrameHeader header, ReadOnlySpan<byte> payload)
    {
        var isNotify = header.Kind == FrameKind.Notify;
        var handler = table.Find(header.Method);
        if (handler is null)
        {
            Refuse(
                header,
                new IpcError(IpcErrorCodes.UnknownMethod, $"There is no method {header.Method}.")
            );
            return;
        }

        var cancel = CancellationTokenSource.CreateLinkedTokenSource(connectionClosed);
        if (!TryOpen(header.Id, isNotify, cancel))
        {
            cancel.Dispose();
            var message = $"{options.MaxOpenRequests} requests are open on this connection.";
            Refuse(header, new IpcError(IpcErrorCodes.Busy, message));
            return;
        }

        var context = new RequestContext(peer, header.Method, isNotify, cancel.Token);
        var reply = new FrameBuffer(options.MaxReplyBytes);
        ValueTask<IpcError?> answer;
        try
        {
            answer = handler.InvokeAsync(context, payload, reply, cancel.Token);
        }
        catch (Exception e)
        {
            answer = ValueTask.FromException<IpcError?>(e);
        }

        _ = FinishAsync(header, handler, answer, reply, cancel);
    }

    public void Cancel(uint id)
    {
        CancellationTokenSource? cancel;
        lock (_gate)
        {
            _open.Remove(id, out cancel);
        }

        try
        {
            cancel?.Cancel();
        }
        catch (ObjectDisposedException)
        {
            // It was answered just now.
        }
    }

    private bool TryOpen(uint id, bool isNotify, CancellationTokenSource cancel)
    {
        lock (_gate)
        {
            if (_open.Count + _openNotifies >= options.MaxOpenRequests)
            {
                return false;
            }

            if (isNotify)
            {
                _openNotifies++;
            }
            else if (!_open.TryAdd(id, cancel))
            {
                throw new ProtocolViolationException($"Request {id} is open already.");
            }

            return true;
        }
    }

    private void Refuse(in FrameHeader header, IpcError error)
    {
        counters.CountRequestError();
        if (header.Kind == FrameKind.Request)
        {
            counters.CountRequest();
            pump.Send(ControlWriter.Error(header.Id, error));
        }
    }

    private async Task FinishAsync(
        FrameHeader header,
        RequestHandler handler,
        ValueTask<IpcError?> answer,
        FrameBuffer reply,
        CancellationTokenSource cancel
    )
    {
        IpcError? error;
        try
        {
            error = await answer.ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (cancel.IsCancellationRequested)
        {
            error = new IpcError(IpcErrorCodes.Cancelled, "The request was cancelled.");
        }
        catch (Exception e)
        {
            observer.OnRequestFailed(handler.Name, e);
            error = new IpcError(IpcErrorCodes.Internal, $"{handler.Name} failed: {e.Message}");
        }

        lock (_gate)
        {
            if (header.Kind == FrameKind.Notify)
            {
                _openNotifies--;
            }
            else if (
                _open.TryGetValue(header.Id, out var current) && ReferenceEquals(current, cancel)
            )
            {
                _open.Remove(header.Id);
            }
        }

        cancel.Dispose();
        if (error is not null)
        {
            counters.CountRequestError();
            reply.Dispose();
            Answer(header, ControlWriter.Error(header.Id, error));
            return;
        }

        Answer(
            header,
            reply.Seal(
                FrameKind.Reply,
                header.Id,
                handler.IsBinary ? FrameFlags.Binary : FrameFlags.None,
                header.Method
            )
        );
    }

    private void Answer(in FrameHeader header, FrameBuffer frame)
    {
        if (header.Kind == FrameKind.Notify)
        {
            counters.CountNotify();
            frame.Dispose();
            return;
        }

        counters.CountRequest();
        pump.Send(frame);
    }
}
