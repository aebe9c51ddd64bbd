using SmartIpc.Connections;
using SmartIpc.Framing;

namespace SmartIpc.Client;

/// <summary>The open questions of a client; bounded, the next one waits for its turn.</summary>
internal sealed class PendingRequests(IpcClientOptions options) : IDisposable
{
    // Guards _open.
    private readonly Lock _gate = new();
    private readonly Dictionary<uint, TaskCompletionSource<FrameLease>> _open = [];
    private readonly SemaphoreSlim _slots = new(options.MaxOpenRequests);

    public async Task<FrameLease> AskAsync(
        uint id,
        FrameBuffer frame,
        Func<ClientLink> getLink,
        TimeSpan timeout,
        CancellationToken ct
    )
    {
        var start = options.TimeProvider.GetTimestamp();
        await _slots.WaitAsync(ct).ConfigureAwait(false);
        try
        {
            var link = getLink();
            var answer = new TaskCompletionSource<FrameLease>(
                TaskCreationOptions.RunContinuationsAsynchronously
            );
            lock (_gate)
            {
                _open.Add(id, answer);
            }

            if (!link.Send(frame) || link.Closing is not null)
            {
                // The receive loop may have failed the open requests before this one was among them.
                Fail(
                    id,
                    new IpcException(
                        IpcErrorCode.Closed,
                        "The connection ended before the request was sent."
                    )
                );
            }

            var left = timeout - options.TimeProvider.GetElapsedTime(start);
            return await WaitAsync(
                    id,
                    answer,
                    link,
                    left > TimeSpan.Zero ? left : TimeSpan.Zero,
                    ct
                )
                .ConfigureAwait(false);
        }
        finally
        {
            _slots.Release();
        }
    }

    public bool TryAnswer(in FrameHeader header, FrameAssembler assembler)
    {
        if (!TryRemove(header.Id, out var answer))
        {
            return false;
        }

        if (header.Kind == FrameKind.Error)
        {
            answer.TrySetException(
                new IpcRequestException(ControlReader.Error(assembler.Payload.Span))
            );
        }
        else
        {
            answer.TrySetResult(assembler.TakePayload());
        }

        return true;
    }

    public void FailAll(CloseReason reason)
    {
        uint[] ids;
        lock (_gate)
        {
            ids = [.. _open.Keys];
        }

        foreach (var id in ids)
        {
            Fail(
                id,
                new IpcException(
                    IpcErrorCode.Closed,
                    $"The connection ended ({reason.Code}): {reason.Message}"
                )
            );
        }
    }

    /// <summary>Only when nobody asks any more.</summary>
    public void Dispose() => _slots.Dispose();

    private async Task<FrameLease> WaitAsync(
        uint id,
        TaskCompletionSource<FrameLease> answer,
        ClientLink link,
        TimeSpan timeout,
        CancellationToken ct
    )
    {
        try
        {
            return await answer
                .Task.WaitAsync(timeout, options.TimeProvider, ct)
                .ConfigureAwait(false);
        }
        catch (Exception e) when (e is TimeoutException or OperationCanceledException)
        {
            if (!TryRemove(id, out _))
            {
                // The answer came at the same moment.
                return await answer.Task.ConfigureAwait(false);
            }

            link.Send(ControlWriter.Bytes(FrameKind.Cancel, id, []));
            if (e is OperationCanceledException)
            {
                throw;
            }

            throw new IpcException(
                IpcErrorCode.Timeout,
                $"The server did not answer within {timeout.TotalSeconds} s."
            );
        }
    }

    private void Fail(uint id, IpcException error)
    {
        if (TryRemove(id, out var answer))
        {
            answer.TrySetException(error);
        }
    }

    private bool TryRemove(
        uint id,
        [System.Diagnostics.CodeAnalysis.NotNullWhen(true)]
            out TaskCompletionSource<FrameLease>? answer
    )
    {
        lock (_gate)
        {
            return _open.Remove(id, out answer);
        }
    }
}
