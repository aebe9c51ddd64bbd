using Microsoft.Extensions.Logging;
using Tspm.CaptureLog;
using Tspm.Daemon.Logging;
using Tspm.Daemon.Supervision;
using Tspm.Logs.Retention;

namespace Tspm.Daemon.Ingest;

/// <summary>Keeps the store within its bounds: syncs indexes, lets consumed journal files go, and enforces retention.</summary>
/// <remarks>
/// Runs on a pool thread when the keeper has synced, away from the ingest thread, one turn at a time; retention at most
/// every five seconds then, once after the start, since a flush may have been broken off, and every ten minutes while nothing is
/// written, since files also go by age.
/// </remarks>
internal sealed class StoreUpkeep : IAsyncDisposable
{
    private static readonly TimeSpan RetentionInterval = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan QuietInterval = TimeSpan.FromMinutes(10);
    private readonly ProcessRegistry _registry;
    private readonly IngestThread _ingest;
    private readonly LogRetention _retention;
    private readonly TimeProvider _time;
    private readonly ILogger _log;
    private readonly ITimer _quiet;

    // One permit: whoever finds it taken leaves, the turn under way does the same work.
    private readonly SemaphoreSlim _turn = new(1, 1);
    private long _enforcedAt;

    /// <summary>Begins the timer.</summary>
    public StoreUpkeep(
        HomePaths home,
        ProcessRegistry registry,
        IngestThread ingest,
        TimeProvider time,
        ILogger log
    )
    {
        _registry = registry;
        _ingest = ingest;
        _time = time;
        _log = log;
        _retention = new LogRetention(
            home,
            ReadBytes("TSPM_HOME_BYTES") ?? LogRetention.DefaultHomeBytes,
            ReadBytes("TSPM_RESERVE_BYTES")
        );
        _quiet = time.CreateTimer(_ => Queue(), null, RetentionInterval, QuietInterval);
    }

    /// <summary>The keeper's files are on the device: now ours. Ingest thread; returns at once.</summary>
    public void OnSynced() => Queue();

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _quiet.DisposeAsync();
        await _turn.WaitAsync();
        _turn.Dispose();
    }

    private static long? ReadBytes(string variable) =>
        long.TryParse(Environment.GetEnvironmentVariable(variable), out var bytes) && bytes >= 0
            ? bytes
            : null;

    private void Queue()
    {
        if (_turn.Wait(0))
        {
            ThreadPool.UnsafeQueueUserWorkItem(
                static upkeep => upkeep.RunTurn(),
                this,
                preferLocal: false
            );
        }
    }

    private void RunTurn()
    {
        try
        {
            _ingest.SyncAndForget();
            var isDue = _enforcedAt == 0 || _time.GetElapsedTime(_enforcedAt) >= RetentionInterval;
            if (isDue)
            {
                _enforcedAt = _time.GetTimestamp();
                Enforce();
            }
        }
        catch (IOException error)
        {
            DaemonLog.RetentionFailed(_log, error.Message);
        }
        catch (UnauthorizedAccessException error)
        {
            DaemonLog.RetentionFailed(_log, error.Message);
        }
        finally
        {
            _turn.Release();
        }
    }

    private void Enforce()
    {
        var logs = _registry
            .All.Select(process => new RetainedLog(
                process.Log,
                process.Record.Spec.Disk.MaxBytes,
                TimeSpan.FromMilliseconds(process.Record.Spec.Disk.MaxAgeMs)
            ))
            .ToList();
        foreach (var expiry in _retention.Enforce(logs, _time.GetUtcNow()))
        {
            _ingest.Expire(expiry);
            DaemonLog.Expired(_log, expiry.Writer.Log.ProcessId, expiry.ExpiredTo);
        }
    }
}
