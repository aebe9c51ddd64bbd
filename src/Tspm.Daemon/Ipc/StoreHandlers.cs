using SmartIpc.Requests;
using Tspm.CaptureLog;
using Tspm.Daemon.Ingest;
using Tspm.Daemon.Supervision;
using Tspm.Daemon.Topics;
using Tspm.Logs.Archive;
using Tspm.Protocol;
using Tspm.Protocol.Batches;
using Tspm.Protocol.Messages;

namespace Tspm.Daemon.Ipc;

/// <summary>The requests about what is stored: flush and verify.</summary>
internal sealed class StoreHandlers(ProcessRegistry registry, IngestThread ingest, HomePaths home)
{
    /// <summary>Adds the requests to a table.</summary>
    public void Register(RequestTable table)
    {
        var json = ProtocolJsonContext.Default;
        table
            .Add(
                MethodNumbers.Flush,
                "flush",
                json.FlushRequest,
                json.FlushReply,
                (_, request, _) => FlushAsync(request)
            )
            .Add(
                MethodNumbers.Verify,
                "verify",
                json.SelectRequest,
                json.VerifyReply,
                (_, request, ct) => VerifyAsync(request, ct)
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

    private async ValueTask<IpcResult<VerifyReply>> VerifyAsync(
        SelectRequest request,
        CancellationToken ct
    )
    {
        if (!registry.TrySelect(request.Select, isChange: false, out var found, out var error))
        {
            // Set whenever the call says no.
            return new IpcError(error!.Code, error.Message, error.Hint);
        }

        // Reads everything: not on the loop of the connection.
        return await Task.Run(() => VerifyAll(found, ct), ct);
    }

    private VerifyReply VerifyAll(IReadOnlyList<ProcessSupervisor> found, CancellationToken ct)
    {
        var logs = new List<VerifiedLog>();
        foreach (var process in found)
        {
            ct.ThrowIfCancellationRequested();
            logs.Add(Verify(process));
        }

        return new VerifyReply(logs);
    }

    private VerifiedLog Verify(ProcessSupervisor process)
    {
        var spec = process.Record.Spec;
        var report = LogVerifier.Verify(home, process.Record.Id);
        return new VerifiedLog(
            process.Record.Id,
            spec.Ns,
            spec.Name,
            report.Entries,
            report.Bytes,
            report.IsDamaged,
            report.Problems,
            [
                .. report.Findings.Select(finding => new VerifiedRange(
                    finding.From,
                    finding.To,
                    GapReasons.Name((GapReason)(uint)finding.Reason),
                    finding.IsDamage,
                    finding.What
                )),
            ]
        );
    }
}
