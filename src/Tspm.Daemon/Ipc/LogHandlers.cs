using System.Buffers;
using SmartIpc.Requests;
using Tspm.Daemon.Supervision;
using Tspm.Daemon.Topics;
using Tspm.Protocol;
using Tspm.Protocol.Batches;
using Tspm.Protocol.Messages;

namespace Tspm.Daemon.Ipc;

/// <summary>The requests about logs: which there are, and pages of history.</summary>
internal sealed class LogHandlers(ProcessRegistry registry)
{
    private const int MaxPageBytes = 1024 * 1024;
    private const int MaxPageEntries = 10_000;

    /// <summary>Adds the requests to a table.</summary>
    public void Register(RequestTable table)
    {
        var json = ProtocolJsonContext.Default;
        table
            .Add(
                MethodNumbers.Resolve,
                "resolve",
                json.SelectRequest,
                json.ResolveReply,
                (_, request, _) => Resolve(request)
            )
            .AddBinary(
                MethodNumbers.GetLogs,
                "getLogs",
                json.GetLogsRequest,
                (_, request, reply, _) => GetLogs(request, reply)
            );
    }

    private ValueTask<IpcResult<ResolveReply>> Resolve(SelectRequest request)
    {
        if (!registry.TrySelect(request.Select, isChange: false, out var found, out var error))
        {
            // Set whenever the call says no.
            return ValueTask.FromResult<IpcResult<ResolveReply>>(
                new IpcError(error!.Code, error.Message, error.Hint)
            );
        }

        var targets = found.Select(process =>
        {
            var log = process.Log.Log;
            var facts = log.Facts;
            var spec = process.Record.Spec;
            return new LogTarget(
                log.ProcessId,
                spec.Name,
                spec.Ns,
                log.LogId.ToString(),
                TopicNames.Logs(log.ProcessId),
                facts.Epoch,
                facts.Head
            )
            {
                Run = facts.Run,
            };
        });
        return ValueTask.FromResult<IpcResult<ResolveReply>>(new ResolveReply([.. targets]));
    }

    private ValueTask<IpcError?> GetLogs(GetLogsRequest request, IBufferWriter<byte> reply)
    {
        if (registry.Find(request.Id) is not { } process)
        {
            return Error(ErrorCodes.NotFound, $"there is no process {request.Id}");
        }

        if (LogFilters.TryParse(request, out var filter) is { } fault)
        {
            return Error(ErrorCodes.BadRequest, fault);
        }

        var log = process.Log.Log;
        var head = log.Facts.Head;
        var to = Math.Min(request.To ?? head, head);
        if (FindRangeFault(request) is { } range)
        {
            return Error(ErrorCodes.BadRequest, range);
        }

        var after =
            request.Tail is { } tail ? log.FindTail(tail, to, filter)
            : request.Since is { } since ? log.FindTime(since)
            : (request.From ?? 1) - 1;
        var page = new SpanBatches(log);
        var spans = page.Spans[..Math.Min(page.Spans.Length, request.MaxEntries)];

        // One span may go over the bound, so that every page moves on.
        var read = log.Read(
            Math.Min(after, to),
            to,
            filter,
            spans,
            request.MaxBytes - (request.MaxBytes / 4)
        );
        page.Write(read, read.UpTo < to ? BatchFlags.More : BatchFlags.None, reply);
        return ValueTask.FromResult<IpcError?>(null);
    }

    private static string? FindRangeFault(GetLogsRequest request) =>
        request.MaxBytes is < 1 or > MaxPageBytes ? $"maxBytes must be 1 to {MaxPageBytes}"
        : request.MaxEntries is < 1 or > MaxPageEntries
            ? $"maxEntries must be 1 to {MaxPageEntries}"
        : request.From is < 1 ? $"from must be at least 1, not {request.From}"
        : request.To is < 0 ? $"to must not be negative"
        : request.Tail is < 0 ? $"tail must not be negative"
        : request is { From: { } from, To: { } to } && from > to + 1
            ? $"from {from} is above to {to}"
        : null;

    private static ValueTask<IpcError?> Error(string code, string message) =>
        ValueTask.FromResult<IpcError?>(new IpcError(code, message, null));
}
