using SmartIpc.Requests;
using Tspm.Daemon.Ingest;
using Tspm.Daemon.Supervision;
using Tspm.Daemon.Topics;
using Tspm.Protocol;
using Tspm.Protocol.Messages;

namespace Tspm.Daemon.Ipc;

/// <summary>The request that takes stored entries: flush.</summary>
internal sealed class StoreHandlers(ProcessRegistry registry, IngestThread ingest)
{
    /// <summary>Adds the requests to a table.</summary>
    public void Register(RequestTable table)
    {
        var json = ProtocolJsonContext.Default;
        table.Add(
            MethodNumbers.Flush,
            "flush",
            json.FlushRequest,
            json.FlushReply,
            (_, request, _) => FlushAsync(request)
        );
    }

    private async ValueTask<IpcResult<FlushReply>> FlushAsync(FlushRequest request)
    {
        if (request.Select.Count == 0)
        {
            return new IpcError(ErrorCodes.BadRequest, "flush: which process?", null);
        }

        if (!registry.TrySelect(request.Select, isChange: true, out var found, out var error))
        {
            // Set whenever the call says no.
            return new IpcError(error!.Code, error.Message, error.Hint);
        }

        var results = new List<FlushResult>();
        foreach (var process in found)
        {
            results.Add(await FlushAsync(process, request.Before));
        }

        return new FlushReply(results);
    }

    private async Task<FlushResult> FlushAsync(ProcessSupervisor process, long? before)
    {
        var log = process.Log.Log;
        var facts = log.Facts;
        var upTo = before is { } time ? LogPages.FindTime(log, time) : facts.Head;
        var entries = Math.Max(0, upTo - facts.OldestDisk + 1);
        var spec = process.Record.Spec;
        var result = new FlushResult(process.Record.Id, spec.Ns, spec.Name, entries, 0, null);
        if (entries == 0)
        {
            return result;
        }

        try
        {
            return result with { Bytes = await ingest.FlushAsync(process.Log, upTo) };
        }
        catch (IOException refused)
        {
            return result with { Entries = 0, Error = refused.Message };
        }
    }
}
