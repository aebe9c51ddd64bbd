using Tspm.CaptureLog.Control;
using Tspm.Daemon.Ingest;

namespace Tspm.Daemon.Supervision;

/// <summary>Runs that a new keeper does not know: when the journal is read up and did not tell of their end, nobody will.</summary>
/// <remarks>
/// A run counts that has a pid when the keeper comes: then an older keeper had answered, so it was in the journal. Without
/// the journal (deleted, damaged) the new one cannot adopt it; it is not started a second time.
/// </remarks>
internal sealed class UnknownRuns(ProcessRegistry registry, IngestThread ingest) : IAsyncDisposable
{
    private readonly Lock _gate = new();

    // Guarded by _gate.
    private Task _settling = Task.CompletedTask;

    /// <summary>Another keeper is there. Any thread.</summary>
    public void OnReplaced(KeeperHello hello)
    {
        var known = hello.Runs.Select(kept => (kept.Process, kept.Run)).ToHashSet();
        var unknown = registry
            .All.Where(process =>
                process.Run is { Outcome: null, Pid: > 0 } run
                && !known.Contains((process.Record.Id, run.Run))
            )
            .Select(process => (process, new UnknownRunMessage(process.Record.Run, (int)hello.Pid)))
            .ToList();
        if (unknown.Count == 0)
        {
            return;
        }

        lock (_gate)
        {
            _settling = Task.WhenAll(_settling, SettleAsync(unknown));
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        Task settling;
        lock (_gate)
        {
            settling = _settling;
        }

        await settling;
    }

    private async Task SettleAsync(
        IReadOnlyList<(ProcessSupervisor Process, UnknownRunMessage Message)> unknown
    )
    {
        await ingest.ReadUpAsync();
        foreach (var (process, message) in unknown)
        {
            process.Post(message);
        }
    }
}
