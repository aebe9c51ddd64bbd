using SmartIpc.Requests;
using Tspm.CaptureLog;
using Tspm.Logs.Archive;
using Tspm.Protocol;
using Tspm.Protocol.Batches;
using Tspm.Protocol.Messages;

namespace Tspm.Daemon.Ipc;

/// <summary>The request that checks what is stored.</summary>
internal sealed class VerifyHandlers(ILogCatalog catalog, HomePaths home)
{
    /// <summary>Adds the request to a table.</summary>
    public void Register(RequestTable table)
    {
        var json = ProtocolJsonContext.Default;
        table.Add(
            MethodNumbers.Verify,
            "verify",
            json.SelectRequest,
            json.VerifyReply,
            (_, request, ct) => VerifyAsync(request, ct)
        );
    }

    private async ValueTask<IpcResult<VerifyReply>> VerifyAsync(
        SelectRequest request,
        CancellationToken ct
    )
    {
        if (!catalog.TrySelect(request.Select, out var found, out var error))
        {
            // Set whenever the call says no.
            return new IpcError(error!.Code, error.Message, error.Hint);
        }

        // Reads everything: not on the loop of the connection.
        return await Task.Run(() => VerifyAll(found, ct), ct);
    }

    private VerifyReply VerifyAll(IReadOnlyList<CatalogLog> found, CancellationToken ct)
    {
        var logs = new List<VerifiedLog>();
        foreach (var process in found)
        {
            ct.ThrowIfCancellationRequested();
            logs.Add(Verify(process));
        }

        return new VerifyReply(logs);
    }

    private VerifiedLog Verify(CatalogLog process)
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
