using System.Buffers;
using SmartIpc.Requests;
using Tspm.Daemon.Topics;
using Tspm.Logs;
using Tspm.Protocol;
using Tspm.Protocol.Messages;

namespace Tspm.Daemon.Ipc;

/// <summary>The requests about logs: which there are, and pages of history.</summary>
internal sealed class LogHandlers(ILogCatalog catalog)
{
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
            .Add(
                MethodNumbers.Locate,
                "locate",
                json.LocateRequest,
                json.LocateReply,
                (_, request, _) => Locate(request)
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
        if (!catalog.TrySelect(request.Select, out var found, out var error))
        {
            // Set whenever the call says no.
            return ValueTask.FromResult<IpcResult<ResolveReply>>(
                new IpcError(error!.Code, error.Message, error.Hint)
            );
        }

        var targets = found.Select(one =>
        {
            var log = one.Log;
            var facts = log.Facts;
            var spec = one.Record.Spec;
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
        if (catalog.Find(request.Id) is not { Log: var log })
        {
            return Error(ErrorCodes.NotFound, $"there is no process {request.Id}");
        }

        if (LogFilters.TryParse(request, out var filter) is { } fault)
        {
            return Error(ErrorCodes.BadRequest, fault);
        }

        if (!LogPages.IsMeant(log, request))
        {
            return Error(ErrorCodes.NotFound, $"process {request.Id} has another log now");
        }

        return LogPages.FindFault(request) is { } range ? Error(ErrorCodes.BadRequest, range)
            : LogPages.FindBeyond(log, request) is { } beyond ? Error(ErrorCodes.NotFound, beyond)
            : Write(log, request, filter, reply);
    }

    private ValueTask<IpcResult<LocateReply>> Locate(LocateRequest request)
    {
        var log = catalog.Find(request.Id)?.Log;
        var isMeant =
            log is not null
            && (
                request.LogId is not { } wanted
                || (Guid.TryParse(wanted, out var id) && id == log.LogId)
            );
        if (log is null || !isMeant)
        {
            return Failed(ErrorCodes.NotFound, $"there is no such log of process {request.Id}");
        }

        if (request.Times.Count > LocateRequest.MaxTimes)
        {
            return Failed(ErrorCodes.BadRequest, $"at most {LocateRequest.MaxTimes} times");
        }

        return ValueTask.FromResult<IpcResult<LocateReply>>(
            new LocateReply([.. request.Times.Select(time => PlaceOf(log, time))])
        );
    }

    private static AfterPosition PlaceOf(ProcessLog log, long time)
    {
        var seq = LogPages.FindTime(log, time);
        return new AfterPosition(log.EpochOf(seq), seq);
    }

    private static ValueTask<IpcResult<LocateReply>> Failed(string code, string message) =>
        ValueTask.FromResult<IpcResult<LocateReply>>(new IpcError(code, message, null));

    private static ValueTask<IpcError?> Write(
        ProcessLog log,
        GetLogsRequest request,
        LogFilter filter,
        IBufferWriter<byte> reply
    )
    {
        LogPages.Write(log, request, filter, reply);
        return ValueTask.FromResult<IpcError?>(null);
    }

    private static ValueTask<IpcError?> Error(string code, string message) =>
        ValueTask.FromResult<IpcError?>(new IpcError(code, message, null));
}
