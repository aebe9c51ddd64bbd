using System.Text;
using SmartIpc.Client;
using Tspm.CaptureLog;
using Tspm.Client;
using Tspm.Client.Following;
using Tspm.Logs;
using Tspm.Protocol.Messages;

namespace Tspm.Simulator;

/// <summary>One seed: keeper, daemon and readers in one thread over a simulated pipe, disk, socket and clock, with faults.</summary>
/// <remarks>
/// After the method of deterministic simulation known from FoundationDB and TigerBeetle: every choice comes from the
/// seed, so that a failure can be replayed. At the end faults stop, and every reader must come to the head.
/// </remarks>
internal sealed partial class Simulation : IDisposable
{
    private const long Second = 1_000_000_000;
    private const int LeastEvents = 200;
    private const int LeastFaults = 3;
    private const int HealRounds = 4_000;

    // Pages that make a reader begin anew while the daemon tells it what it drops: seldom drawn, and often at fault.
    private static readonly Fault[] Overrun =
    [
        Fault.OddPage,
        Fault.Flood,
        Fault.SlowReader,
        Fault.RetentionWhileFilling,
        Fault.Delay,
    ];

    private readonly Random _random;
    private readonly BrokenPart _broken;
    private readonly SimKeeper _keeper;
    private readonly LogStoreOptions _store;
    private readonly List<SimClient> _clients = [];
    private readonly int _batchBytes;
    private readonly int _socketBytes;
    private readonly Fault[] _menu;
    private readonly int _seed;
    private long _line;
    private int _life;
    private int _faults;
    private int _events;
    private int _readers;
    private long _audited;
    private long _awayUntil;
    private long _busyUntil;
    private long _remindedAt;
    private long _shown;
    private long _gaps;
    private long _truncations;
    private Published? _published;

    public Simulation(int seed, Visits visits, BrokenPart broken)
    {
        _seed = seed;
        _random = new Random(seed);
        Visits = visits;
        _broken = broken;
        _keeper = new SimKeeper();
        _store = new LogStoreOptions
        {
            RingEntries = Pick(16, 24, 64),
            CachedSpans = 16,
            IndexFileBytes = 64 * 1024,
        };
        _batchBytes = Pick(300, 1_000, 8_000);
        _socketBytes = Pick(400, 2_000, 16_000);

        PagesFirst = Pick(0.9, 0.2);
        PagesBeforeCut = Pick(0.9, 0.2);
        TakenIn = Pick(0.3, 0.9);

        // Each seed has its own few kinds of faults, so that they meet in every combination.
        var all = Enum.GetValues<Fault>();
        _random.Shuffle(all);
        _menu = Chance(0.25) ? Overrun : all[..5];
    }

    public Visits Visits { get; }

    /// <summary>How often a reader that has a page and a message looks at the page first.</summary>
    public double PagesFirst { get; }

    /// <summary>How often a page that has come is looked at before the end of its connection is.</summary>
    public double PagesBeforeCut { get; }

    /// <summary>How often a message had been taken in when what waits is dropped.</summary>
    public double TakenIn { get; }

    /// <summary>Hears of every step, to look at a seed that fails; null for silence.</summary>
    public Action<string>? Trace { get; init; }

    public Auditor Auditor { get; } = new();

    public SimDaemon? Daemon { get; private set; }

    /// <summary>Monotonic time, ns.</summary>
    public long Now { get; private set; } = Second;

    public RunResult Run()
    {
        try
        {
            StartDaemon();
            _keeper.BeginRun(Now);
            AddClient(null);
            while (_events < LeastEvents || _faults < LeastFaults)
            {
                Act();
                _events++;
                CheckPeers();
            }

            Heal();
            Count();
            return new RunResult(_seed, _events, _faults, _shown, _gaps, _truncations);
        }
        catch (InvariantException failure)
        {
            throw new InvariantException(
                $"seed {_seed}, event {_events}, faults {string.Join(", ", _menu)}: {failure.Message}"
            );
        }
    }

    public void Dispose()
    {
        foreach (var client in _clients)
        {
            client.Dispose();
        }

        Daemon?.Dispose();
        _keeper.Dispose();
    }

    public bool Chance(double share) => _random.NextDouble() < share;

    public double Roll() => _random.NextDouble();

    public bool TryConnect(out SimLink link)
    {
        link = new SimLink
        {
            LogId = Daemon?.Log.LogId ?? default,
            Facts = Daemon?.Log.Facts ?? default,
        };
        if (Daemon is null || Now < _awayUntil)
        {
            return false;
        }

        if (Now < _busyUntil)
        {
            link.ToClient.Add(
                SmartIpc.Framing.ControlWriter.Refuse("busy", "too many", 1, 1).Sealed.Span
            );
            return true;
        }

        Daemon.Accept(link);
        return true;
    }

    public void OnClientCut(SimLink link)
    {
        link.IsCut = true;
        if (Daemon?.Peers.FirstOrDefault(peer => peer.Link == link) is { } peer)
        {
            Daemon.Forget(peer);
        }
    }

    private T Pick<T>(params ReadOnlySpan<T> choices) => choices[_random.Next(choices.Length)];

    private void Act()
    {
        if (_clients.Count == 0)
        {
            Pass(Second);
            AddClient(null);
            return;
        }

        switch (_random.Next(20))
        {
            case 0 or 1 or 2:
                WriteLines(_random.Next(1, 6));
                break;
            case 3 or 4:
                Ingest();
                break;
            case 5 or 6 or 7 or 8:
                Pump();
                break;
            case 9 or 10 or 11 or 12:
                Deliver();
                break;
            case 13 or 14:
                foreach (var client in _clients)
                {
                    TakeSome(client, _random.Next(1, 4));
                }

                break;
            case 15 or 16:
                Pass(Pick(1_000_000, 50_000_000, 400_000_000, 2 * Second));
                break;
            case 17:
                Change();
                break;
            default:
                if (Chance(0.5))
                {
                    Harm(Pick<Fault>(_menu));
                }

                break;
        }
    }

    private void Change()
    {
        switch (_random.Next(6))
        {
            case 0:
                if (_broken == BrokenPart.EarlyExit)
                {
                    Daemon?.EndRun(_keeper.Run, _keeper.Wall, Now);
                }

                _keeper.EndRun(Now);
                _keeper.BeginRun(Now);
                break;
            case 1:
                _keeper.Sync();
                break;
            case 2 when _clients.Count < 4:
                AddClient(null);
                break;
            case 3:
                Reopen();
                break;
            case 5 when Chance(0.1):
                Pick<SimClient>([.. _clients]).EndAtHead();
                break;
            case 4 when Chance(0.2):
                Pick<SimClient>([.. _clients]).Stop();
                break;
            default:
                Pass(6 * Second);
                break;
        }
    }

    /// <summary>A reader ends and another begins after its cursor, or one that has ended begins anew.</summary>
    private void Reopen()
    {
        var old = Pick<SimClient>([.. _clients]);
        if (old.Link is { } link)
        {
            OnClientCut(link);
        }

        Count(old);
        _clients.Remove(old);
        old.Dispose();
        AddClient(old.State.HasPosition && Chance(0.7) ? old : null);
    }

    private void AddClient(SimClient? before)
    {
        if (Daemon is null)
        {
            return;
        }

        var (selection, wants) = PickFilter();
        var options = new LogFollowOptions
        {
            Tail = Pick<long?>(null, 5, 40, long.MaxValue),
            Follow = Chance(0.85),
            Selection = selection,
            Catchup = Chance(0.3),
            IsSingleRequest = Chance(0.3),
            Gaps = Chance(0.7) ? GapPolicy.Fill : GapPolicy.Skip,
        };
        var after = before?.State.Position;
        var machine = LogMachineOptions.Of(options, after) with
        {
            MaxHoldEntries = Pick(4, 20, 10_000),
            MaxFillStreak = Pick(1, 3),
        };
        var policy = new ReconnectPolicy
        {
            GiveUpAfter = Chance(0.2) ? TimeSpan.FromSeconds(15) : null,
        };
        var client = new SimClient(
            this,
            options,
            machine,
            policy,
            wants,
            before is null ? Daemon.Log.LogId : Guid.Parse(before.LogId),
            Pick(500, 4_000, 100_000),
            Pick(1, 3, 1_000),
            _broken
        )
        {
            Name = $"reader {++_readers}",
        };
        Trace?.Invoke(
            $"{client.Name}: {options.Gaps} catchup {options.Catchup} single {options.IsSingleRequest} follow {options.Follow} tail {options.Tail} after {after}"
        );
        _clients.Add(client);
        client.Start();
    }

    private (LogSelection, Func<Entry, bool>) PickFilter() =>
        _random.Next(5) switch
        {
            0 => (
                new LogSelection { Streams = ["err", "event"] },
                entry => entry.Stream != StreamKind.Out
            ),
            1 => (
                new LogSelection { Grep = ["7"] },
                entry => entry.Stream == StreamKind.Event || entry.Text.Contains('7')
            ),
            2 => (
                new LogSelection { Exclude = ["[13579]$"], Streams = ["out"] },
                entry =>
                    entry.Stream == StreamKind.Out
                    && !"13579".Contains(entry.Text.TrimEnd('\n')[^1])
            ),
            _ => (new LogSelection(), _ => true),
        };

    private void WriteLines(int count)
    {
        var text = new StringBuilder();
        var kind = Chance(0.3) ? StreamKind.Err : StreamKind.Out;
        for (var i = 0; i < count; i++)
        {
            text.Append("line ").Append(++_line).Append('\n');
        }

        _keeper.Wall += _random.Next(1, 1_000_000);
        _keeper.Write(kind, Encoding.ASCII.GetBytes(text.ToString()), Now);
    }

    private void Pump()
    {
        if (Daemon is not { } daemon)
        {
            return;
        }

        foreach (var peer in daemon.Peers)
        {
            peer.Pump(Now, _socketBytes, _random.Next(1, 6));
        }
    }

    private void Deliver()
    {
        foreach (var client in _clients.ToList())
        {
            if (client.Link is not { } link)
            {
                continue;
            }

            if (link.IsCut)
            {
                client.OnCut();
                continue;
            }

            if (link.IsHalfOpen || Now < link.DelayedUntil)
            {
                continue;
            }

            var most = link.HasShortWrites ? _random.Next(1, 8) : _random.Next(1, 20_000);
            Daemon?.Peers.FirstOrDefault(peer => peer.Link == link)?.Receive(most, Now);
            if (Now >= client.PausedUntil)
            {
                client.Receive(most);
            }
        }
    }

    private void TakeSome(SimClient client, int count)
    {
        while (count-- > 0 && Now >= client.PausedUntil && client.TakeOne())
        {
            // As often as asked for.
        }
    }

    private void Pass(long nanoseconds)
    {
        Now += nanoseconds;
        if (Now - _remindedAt >= 5 * Second)
        {
            foreach (var peer in Daemon?.Peers ?? [])
            {
                peer.Remind(_remindedAt);
            }

            _remindedAt = Now;
        }

        foreach (var client in _clients.ToList())
        {
            client.Tick();
        }

        if (Daemon is null && Now >= _awayUntil)
        {
            StartDaemon();
        }
    }

    private void Count()
    {
        foreach (var client in _clients)
        {
            Count(client);
        }
    }

    private void Count(SimClient client)
    {
        _shown += client.Check.Shown;
        _gaps += client.Check.Gaps;
        _truncations += client.Check.Truncations;
    }
}
