using SmartIpc.Client;
using Tspm.Cli.FullScreen.Model;
using Tspm.Client;
using Tspm.Protocol;
using Tspm.Protocol.Batches;
using Tspm.Protocol.Messages;

namespace Tspm.Cli.FullScreen.Driver;

/// <summary>Hears that a log has grown, as often as it can be painted; what has come is read in pages.</summary>
/// <remarks>
/// A subscription with the least credit: one batch at a time, and the next one only when a frame has gone by. However
/// fast the log grows, this costs one batch per frame.
/// </remarks>
internal static class LogWatch
{
    private static readonly TimeSpan Frame = TimeSpan.FromMilliseconds(33);

    /// <summary>Tells of growth until it is cancelled or the log is gone.</summary>
    public static async Task RunAsync(
        TspmIpcClient client,
        LogPlace log,
        Func<UiEvent, CancellationToken, ValueTask> tell,
        CancellationToken ct
    )
    {
        var target = new LogTarget(
            log.Id,
            "",
            "",
            log.LogId,
            TopicNames.Logs(log.Id),
            Epoch: 0,
            Head: 0
        );
        await using var subscription = client.Subscribe(
            target,
            _ => new LogSubscribeOptions { LogId = log.LogId },
            creditBytes: 1
        );
        while (true)
        {
            using var message = await subscription.ReadAsync(ct);
            switch (message.Kind)
            {
                case TopicMessageKind.Ended or TopicMessageKind.Refused:
                    return;
                case TopicMessageKind.Batch or TopicMessageKind.Bookmark:
                    if (
                        message.Payload is { } payload
                        && SpanBatch.TryParse(payload.Span, out var batch, out _)
                    )
                    {
                        var head = Math.Max(batch.Header.Head, batch.Header.UpTo);
                        await tell(new HeadMoved(log.Id, head), ct);
                    }

                    // The batch is held meanwhile: the daemon sends no other one.
                    await Task.Delay(Frame, TimeProvider.System, ct);
                    break;
                default:
                    break;
            }
        }
    }
}
