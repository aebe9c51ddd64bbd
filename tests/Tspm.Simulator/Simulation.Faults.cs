using Tspm.Logs;

namespace Tspm.Simulator;

/// <summary>What is done to the system.</summary>
internal sealed partial class Simulation
{
    private void Harm(Fault fault)
    {
        var client = Pick<SimClient>([.. _clients]);
        if (!TryHarm(fault, client, client.Link))
        {
            return;
        }

        Trace?.Invoke($"fault {fault}, head {Daemon?.Log.Facts}");
        _faults++;
        Visits.Fault(fault);
    }

    private bool TryHarm(Fault fault, SimClient client, SimLink? link)
    {
        switch (fault)
        {
            case Fault.Cut when link is not null:
                client.Receive(_random.Next(0, 40));
                OnClientCut(link);
                return true;
            case Fault.CutAtBoundary when link is not null:
                client.Receive(link.ToClient.ToBoundary);
                OnClientCut(link);
                return true;
            case Fault.HalfOpen when link is not null:
                link.IsHalfOpen = true;
                return true;
            case Fault.ShortWrites when link is not null:
                link.HasShortWrites = true;
                return true;
            case Fault.Delay when link is not null:
                link.DelayedUntil = Now + Pick(Second, 9 * Second, 13 * Second);
                return true;
            case Fault.SlowReader:
                client.PausedUntil = Now + Pick(Second, 8 * Second, 40 * Second);
                return true;
            case Fault.Flood:
                WriteLines(_random.Next(30, 120));
                Ingest();
                return true;
            case Fault.ClockStep:
                _keeper.Wall += Pick(-36_000_000_000L, 36_000_000_000L);
                return true;
            case Fault.RefuseBusy:
                _busyUntil = Now + (2 * Second);
                return true;
            default:
                return Daemon is not null && TryHarmDaemon(fault, link);
        }
    }

    private bool TryHarmDaemon(Fault fault, SimLink? link)
    {
        // The caller has looked.
        var daemon = Daemon!;
        var peer = daemon.Peers.FirstOrDefault(one => one.Link == link);
        switch (fault)
        {
            case Fault.PageRefused when peer is not null:
                peer.RefusesPage = true;
                return true;
            case Fault.AnswerLost when peer is not null:
                peer.LosesAnswer = true;
                return true;
            case Fault.OddPage when peer is not null:
                peer.SendsOddPage = true;
                return true;
            case Fault.Retention:
                Retain(Chance(0.5) ? 0 : _random.NextDouble());
                return true;
            case Fault.RetentionWhileFilling when peer is not null:
                peer.BeforePage = () => Retain(0);
                return true;
            case Fault.DataCut:
                if (!_keeper.CutData(_random.Next(1000)))
                {
                    return false;
                }

                Auditor.AllowHoles();
                Auditor.FindHoles(daemon.Log);
                return true;
            case Fault.BitFlip:
                StopDaemon(keeps: false);
                _keeper.FlipIndexBit(_random.Next(1_000_000), _random.Next(8));
                Auditor.AllowHoles();
                StartDaemon();
                return true;
            case Fault.Deleted:
                daemon.EndSubscriptions("deleted");
                return true;
            case Fault.DaemonHandover:
                foreach (var one in daemon.Peers)
                {
                    one.SayBye(TimeSpan.FromMilliseconds(100));
                }

                daemon.CloseCleanly();
                StopDaemon(keeps: true);
                StartDaemon();
                return true;
            case Fault.DaemonKilled:
                StopDaemon(keeps: true);
                StartDaemon();
                return true;
            case Fault.DaemonAway:
                StopDaemon(keeps: true);
                _awayUntil = Now + Pick(Second, 20 * Second, 60 * Second);
                return true;
            case Fault.IndexTailLost:
                StopDaemon(keeps: false);
                _keeper.CutIndex(_random.Next(1, 700));
                StartDaemon();
                return true;
            case Fault.PowerLoss:
                StopDaemon(keeps: false);
                var past = new StorePast(true, _keeper.SyncedOrd);
                if (Chance(0.5))
                {
                    _keeper.LosePower();
                }
                else
                {
                    _keeper.LosePowerOfData();
                }

                StartDaemon(past);
                return true;
            case Fault.Recreated when Chance(0.3):
                StopDaemon(keeps: false);
                _keeper.Recreate();
                StartDaemon();
                return true;
            default:
                return false;
        }
    }

    /// <summary>The oldest files go, and readers are told of it then or a little later.</summary>
    private void Retain(double share)
    {
        // The caller has looked.
        var daemon = Daemon!;
        _keeper.Rotate(Now);
        Ingest();
        _keeper.SyncIndex();
        daemon.Retain(_keeper.Home, share, isTold: Chance(0.5));
        Auditor.AllowHoles();
        Auditor.FindHoles(daemon.Log);
    }
}
