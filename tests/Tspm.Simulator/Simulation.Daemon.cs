using Tspm.Logs;

namespace Tspm.Simulator;

/// <summary>The daemon's lives, and what it numbers.</summary>
internal sealed partial class Simulation
{
    private void Ingest()
    {
        if (Daemon is not { } daemon)
        {
            return;
        }

        if (Chance(0.1))
        {
            daemon.Writer.AppendEvent(_keeper.Run, "{\"what\":\"note\"}"u8, 0, _keeper.Wall, Now);
        }

        if (daemon.TellExpired())
        {
            // Events between what has gone go with it.
            Auditor.FindHoles(daemon.Log);
        }

        daemon.Turn(Now);
        Audit(daemon, isNewLife: false);
    }

    private void StartDaemon(StorePast past = default)
    {
        Daemon = new SimDaemon(_keeper, _store, ++_life, _batchBytes, past);
        Auditor.BeginEpoch(Daemon.Log);

        // What power cannot take: the index of an epoch is synced before it is used.
        _keeper.Sync();
        if (_published is { } published)
        {
            Auditor.RequireKept(published, Daemon.Log);
            _published = null;
        }

        Daemon.Turn(Now);
        Audit(Daemon, isNewLife: true);
        Auditor.FindHoles(Daemon.Log);
    }

    private void Audit(SimDaemon daemon, bool isNewLife)
    {
        var log = daemon.Log.LogId;
        Auditor.Read(daemon.Log, isNewLife, ref _audited);
        daemon.EndRuns(run => Auditor.HasEnded(log, run), _keeper.Wall, Now);
        Auditor.Read(daemon.Log, isNewLife: false, ref _audited);
    }

    /// <summary>The daemon ends.</summary>
    /// <param name="keeps">Nothing of its files is lost with it.</param>
    private void StopDaemon(bool keeps)
    {
        if (keeps && Daemon is { } daemon)
        {
            var head = daemon.Log.Facts.Head;
            _published = new Published(daemon.Log.LogId, daemon.Log.EpochOf(head), head);
        }

        Daemon?.Dispose();
        Daemon = null;
    }
}
