using Tspm.Client.Following;

namespace Tspm.Simulator;

/// <summary>What must hold after each step, and at the end.</summary>
internal sealed partial class Simulation
{
    /// <summary>I6: a cursor stands inside its log. I10: nothing is queued per subscription but a cursor.</summary>
    private void CheckPeers()
    {
        foreach (var peer in Daemon?.Peers ?? [])
        {
            foreach (var facts in peer.Facts)
            {
                Auditor.Require(
                    facts.Position >= 0 && facts.Position <= facts.Head,
                    $"I6: a cursor at {facts.Position}, head {facts.Head}"
                );
            }

            Auditor.Require(
                peer.Link.ToClient.Length < _socketBytes + (4 * 1024 * 1024),
                "I10: the daemon sends beyond the socket"
            );
        }
    }

    /// <summary>I11: when faults and writes stop, every reader comes to the head or has ended, within its deadlines.</summary>
    private void Heal()
    {
        _awayUntil = 0;
        _busyUntil = 0;
        foreach (var client in _clients)
        {
            client.PausedUntil = 0;
        }

        for (var round = 0; round < HealRounds; round++)
        {
            foreach (var link in _clients.Select(client => client.Link).OfType<SimLink>())
            {
                // A half-open one is found by its reader's silence.
                link.DelayedUntil = 0;
                link.HasShortWrites = false;
            }

            Pass(Second / 10);
            Ingest();
            Pump();
            Deliver();
            foreach (var client in _clients)
            {
                TakeSome(client, 50);
            }

            if (round > 10 && _clients.TrueForAll(IsDone))
            {
                return;
            }
        }

        var stuck = _clients
            .Where(client => !IsDone(client))
            .Select(client => client.State.ToString());
        throw new InvariantException(
            $"I11: after {HealRounds} rounds without faults, head {Daemon?.Log.Facts.Head}: {string.Join("; ", stuck)}"
        );
    }

    private bool IsDone(SimClient client) =>
        client.IsOver
        || (
            client.State.Mode == LogMode.Live && client.State.Position.Seq == Daemon?.Log.Facts.Head
        );
}
