using System.Text.Json;
using SmartIpc.Requests;
using SmartIpc.Topics;
using Tspm.CaptureLog;
using Tspm.Daemon.Supervision;
using Tspm.Logs;
using Tspm.Protocol;
using Tspm.Protocol.Messages;

namespace Tspm.Daemon.Topics;

/// <summary>The topics <c>logs.&lt;processId&gt;</c>, and <c>processes</c>.</summary>
internal sealed class LogTopicSource(
    ProcessRegistry registry,
    TerminalFeeds terminals,
    HomePaths home
) : ITopicSource
{
    private readonly Lock _gate = new();

    // Guarded by _gate. Cursors that are open, so that deleting a process ends them.
    private readonly List<WeakReference<LogTopicCursor>> _open = [];

    /// <inheritdoc/>
    public ValueTask<IpcResult<TopicCursor>> OpenAsync(
        SubscribeRequest request,
        ISubscriptionWaker waker,
        CancellationToken ct
    ) => ValueTask.FromResult(Open(request, waker));

    /// <summary>Ends all subscriptions to a log.</summary>
    public void End(ProcessLog log, string reason)
    {
        lock (_gate)
        {
            foreach (var known in _open)
            {
                if (known.TryGetTarget(out var cursor) && cursor.IsOf(log))
                {
                    cursor.End(reason);
                }
            }
        }
    }

    private IpcResult<TopicCursor> Open(SubscribeRequest request, ISubscriptionWaker waker)
    {
        if (request.Topic == TopicNames.Processes)
        {
            return new ProcessesTopicCursor(registry, waker);
        }

        if (TopicNames.TryParseTerminal(request.Topic, out var shown))
        {
            return OpenTerminal(shown, request, waker);
        }

        if (!TopicNames.TryParseLogs(request.Topic, out var id))
        {
            return new IpcError(
                ErrorCodes.BadRequest,
                $"\"{request.Topic}\" is not a topic",
                "topics are logs.<processId>, terminal.<processId> and processes"
            );
        }

        if (registry.Find(id) is not { } process)
        {
            return new IpcError(ErrorCodes.NotFound, $"there is no process {id}", "see: tspm list");
        }

        LogSubscribeOptions? options;
        try
        {
            options = JsonSerializer.Deserialize(
                request.Options.Span,
                ProtocolJsonContext.Default.LogSubscribeOptions
            );
        }
        catch (JsonException wrong)
        {
            return new IpcError(
                ErrorCodes.BadRequest,
                $"the options cannot be read: {wrong.Message}",
                null
            );
        }

        options ??= new LogSubscribeOptions();
        var log = process.Log.Log;
        return
            (LogFilters.TryParse(options, out var filter) ?? LogTopicCursor.FindFault(log, options))
                is { } fault
            ? new IpcError(ErrorCodes.BadRequest, fault, null)
            : Open(process, options, filter, waker);
    }

    private IpcResult<TopicCursor> OpenTerminal(
        uint id,
        SubscribeRequest request,
        ISubscriptionWaker waker
    )
    {
        if (registry.Find(id) is not { } process)
        {
            return new IpcError(ErrorCodes.NotFound, $"there is no process {id}", "see: tspm list");
        }

        try
        {
            var options = JsonSerializer.Deserialize(
                request.Options.Span,
                ProtocolJsonContext.Default.TerminalSubscribeOptions
            );
            return options is { After: < 0 }
                ? new IpcError(ErrorCodes.BadRequest, $"{options.After} is no offset", null)
                : new TerminalTopicCursor(
                    process,
                    terminals,
                    options ?? new TerminalSubscribeOptions(),
                    home,
                    waker
                );
        }
        catch (JsonException wrong)
        {
            return new IpcError(
                ErrorCodes.BadRequest,
                $"the options cannot be read: {wrong.Message}",
                null
            );
        }
    }

    private LogTopicCursor Open(
        ProcessSupervisor process,
        LogSubscribeOptions options,
        LogFilter filter,
        ISubscriptionWaker waker
    )
    {
        var spec = process.Record.Spec;
        var cursor = LogTopicCursor.Open(
            process.Log.Log,
            spec.Ns,
            spec.Name,
            options,
            filter,
            waker
        );
        lock (_gate)
        {
            _open.RemoveAll(known => !known.TryGetTarget(out _));
            _open.Add(new WeakReference<LogTopicCursor>(cursor));
        }

        return cursor;
    }
}
