using System.Text.Json;
using SmartIpc.Client;
using SmartIpc.Framing;
using Tspm.Client;
using Tspm.Client.Following;
using Tspm.Protocol;
using Tspm.Protocol.Batches;
using Tspm.Protocol.Messages;

namespace Tspm.Simulator;

/// <summary>One reader: both real machines, with a driver that does in one thread what the real ones do.</summary>
internal sealed partial class SimClient : IDisposable
{
    private const uint SubscriptionId = 1;
    private const long Second = 1_000_000_000;
    private readonly Simulation _world;
    private readonly BrokenPart _broken;
    private readonly LogMachineOptions _machine;
    private readonly LogFollowOptions _options;
    private readonly ReconnectPolicy _policy;
    private readonly long _window;
    private readonly int _pageEntries;
    private readonly List<LogAction> _actions = [];
    private readonly List<(LogInput Input, SimLink? Link)> _inbox = [];
    private readonly Dictionary<uint, (uint Fetch, long Deadline)> _asked = [];
    private readonly List<LogInput> _pages = [];
    private ConnectionFacts _facts = ConnectionFacts.Initial;
    private LogMachineState _state = LogMachineState.Initial;
    private FrameAssembler? _assembler;
    private ClientFrameRule? _rule;
    private string _logId;
    private SimLink? _machineLink;
    private bool _hasStarted;
    private bool _wantsSubscription;
    private bool _isSubscribed;
    private uint _gen;
    private ulong _dseq;
    private long _covered;
    private long _toReturn;
    private uint _lastRequest = 100;
    private long _heardAt;
    private long _pongBy = long.MaxValue;
    private long _greetBy = long.MaxValue;
    private long _retryAt = long.MaxValue;
    private long _remindAt;

    public SimClient(
        Simulation world,
        LogFollowOptions options,
        LogMachineOptions machine,
        ReconnectPolicy policy,
        Func<Entry, bool> wants,
        Guid log,
        long window,
        int pageEntries,
        BrokenPart broken
    )
    {
        _world = world;
        _options = options;
        _machine = machine;
        _policy = policy;
        _window = window;
        _pageEntries = pageEntries;
        _broken = broken;
        _logId = log.ToString();
        Check = new ReaderCheck(
            world.Auditor,
            wants,
            log,
            world.Visits,
            broken switch
            {
                BrokenPart.ExpiredHole => GapReason.Expired,
                BrokenPart.CorruptHole => GapReason.Corrupt,
                _ => null,
            }
        );
        if (machine.After is { } after)
        {
            Check.BeginAt(after);
        }
    }

    public ReaderCheck Check { get; }

    /// <summary>For traces.</summary>
    public string Name { get; init; } = "";

    public SimLink? Link { get; private set; }

    public LogMachineState State => _state;

    public string LogId => _logId;

    public bool IsOver =>
        _state.Mode == LogMode.Ended
        || _facts.State == ConnectionState.Closed && _inbox.Count == 0 && !_hasStarted;

    /// <summary>Takes nothing before this time, ns.</summary>
    public long PausedUntil { get; set; }

    public void Start() => Connect(new ConnectionEvent(ConnectionEventKind.Start, Time));

    /// <summary>The user ends it.</summary>
    public void Stop() => Connect(new ConnectionEvent(ConnectionEventKind.Stop, Time));

    public void Dispose() => _assembler?.Dispose();

    /// <summary>Hands one thing to the log's machine; true if there was one.</summary>
    public bool TakeOne()
    {
        if (_state.Mode == LogMode.Ended || !_hasStarted)
        {
            return false;
        }

        // A page that has come is looked at first, unless what woke the reader was a message.
        if (_pages.Count > 0 && (_inbox.Count == 0 || _world.Chance(_world.PagesFirst)))
        {
            TakePages();
            return true;
        }

        if (_inbox.Count > 0)
        {
            var (input, link) = _inbox[0];
            _inbox.RemoveAt(0);
            Feed(input with { Now = _world.Now }, link);
            return true;
        }

        SubscribeIfNeeded();
        return false;
    }

    /// <summary>Looks at the time.</summary>
    public void Tick()
    {
        if (_world.Now >= _retryAt)
        {
            _retryAt = long.MaxValue;
            Connect(new ConnectionEvent(ConnectionEventKind.RetryDue, Time));
        }

        if (_world.Now >= _greetBy)
        {
            _greetBy = long.MaxValue;
            Cut("timeout");
        }

        if (_facts.State == ConnectionState.Up && _world.Now - _heardAt >= 15 * Second)
        {
            if (_pongBy == long.MaxValue)
            {
                _pongBy = _world.Now + (5 * Second);
                Connect(new ConnectionEvent(ConnectionEventKind.Silent, Time, "silent"));
            }
            else if (_world.Now >= _pongBy)
            {
                _pongBy = long.MaxValue;
                Connect(new ConnectionEvent(ConnectionEventKind.PongMissing, Time, "silent"));
            }
        }

        foreach (var (id, asked) in _asked.Where(one => one.Value.Deadline <= _world.Now).ToList())
        {
            _asked.Remove(id);
            _pages.Add(
                new LogInput
                {
                    Kind = LogInputKind.PageFailed,
                    Request = asked.Fetch,
                    Text = "timeout",
                }
            );
        }

        if (_hasStarted && _world.Now >= _remindAt && _inbox.Count == 0)
        {
            _remindAt = _world.Now + (5 * Second);
            Feed(new LogInput { Kind = LogInputKind.Timer, Now = _world.Now });
        }
    }

    /// <summary>Its run has ended: it is to end where the log stands now.</summary>
    public void EndAtHead()
    {
        if (_hasStarted && _options.Follow && _world.Daemon is { } daemon)
        {
            var end = daemon.Log.Facts.Head;
            Feed(
                new LogInput
                {
                    Kind = LogInputKind.EndAt,
                    Now = _world.Now,
                    UpTo = end,
                }
            );
        }
    }

    private TimeSpan Time => TimeSpan.FromTicks(_world.Now / 100);

    private void Put(LogInput input) => _inbox.Add((input, Link));

    private void TakePages()
    {
        var pages = _pages.ToList();
        _pages.Clear();
        foreach (var page in pages)
        {
            Feed(page with { Now = _world.Now });
        }
    }

    private void SubscribeIfNeeded()
    {
        if (!_wantsSubscription || _isSubscribed || _facts.State != ConnectionState.Up)
        {
            return;
        }

        _isSubscribed = true;
        _gen++;
        _dseq = 0;
        _toReturn = 0;
        _covered = -1;
        var options = LogQuestions.Subscribe(
            _state,
            _machine,
            _options,
            _options.Selection,
            _logId
        );
        var json = JsonSerializer.SerializeToUtf8Bytes(
            options,
            ProtocolJsonContext.Default.LogSubscribeOptions
        );
        Send(ControlWriter.Subscribe(SubscriptionId, "logs.1", _gen, _window, json));
    }

    private void Send(FrameBuffer frame)
    {
        Link?.ToServer.Add(frame.Sealed.Span);
        frame.Dispose();
    }

    /// <summary>What waits is forgotten, but for one message that had been taken in.</summary>
    private void DropInbox(bool keepsConnection)
    {
        var first = _inbox.Count > 0 && _world.Chance(_world.TakenIn) ? 1 : 0;
        for (var i = _inbox.Count - 1; i >= first; i--)
        {
            var isKept =
                keepsConnection
                && _inbox[i].Input.Kind
                    is LogInputKind.Detached
                        or LogInputKind.Resumed
                        or LogInputKind.LogEnded;
            if (!isKept)
            {
                _inbox[i].Input.Payload?.Dispose();
                _inbox.RemoveAt(i);
            }
        }
    }

    private bool IsNext(uint gen, ulong dseq)
    {
        if (!_isSubscribed || gen != _gen)
        {
            return false;
        }

        Auditor.Require(dseq == _dseq + 1, $"dseq {dseq} after {_dseq}");
        _dseq = dseq;
        return true;
    }

    private void OnReturned(uint gen, long bytes)
    {
        if (gen != _gen || !_isSubscribed)
        {
            return;
        }

        _toReturn += bytes;
        if (_toReturn >= Math.Max(1, _window / 4))
        {
            Send(ControlWriter.Credit(SubscriptionId, _gen, _toReturn));
            _toReturn = 0;
        }
    }

    private void Feed(LogInput input, SimLink? from = null)
    {
        if (_state.Mode == LogMode.Ended)
        {
            input.Payload?.Dispose();
            return;
        }

        if (input.Kind is LogInputKind.Subscribed or LogInputKind.Resumed)
        {
            _machineLink = from;
        }

        _world.Trace?.Invoke(
            $"{Name} {_state.Mode} at {_state.Position.Epoch}/{_state.Position.Seq} gen {_state.Gen} <- {input.Kind} gen {input.Gen} ({input.After}, {input.UpTo}] epoch {input.Epoch} prev {input.PrevEpochEnd} {input.Outcome} {input.Text}"
        );
        _world.Visits.Log(_state.Mode, input.Kind);
        _state = LogMachine.Step(_state, Break(input), _machine, _actions);
        Auditor.Require(
            _state.HoldEntries <= _machine.MaxHoldEntries || _state.Hold.Count <= 1,
            $"I10: {_state.HoldEntries} entries are held"
        );
        var actions = _actions.ToList();
        _actions.Clear();
        foreach (var action in actions)
        {
            Perform(action);
            action.Payload?.Dispose();
        }
    }

    private LogInput Break(in LogInput input)
    {
        if (_broken == BrokenPart.Truncation)
        {
            return input with
            {
                Outcome = input.Outcome == LogOutcome.Truncated ? LogOutcome.Ok : input.Outcome,
                PrevEpochEnd = -1,
            };
        }

        var isAhead =
            _broken == BrokenPart.AfterCheck
            && input.Kind == LogInputKind.Batch
            && _state.HasPosition
            && _state.Mode == LogMode.Live
            && input.Gen == _state.Gen
            && input.After > _state.Position.Seq;
        return isAhead ? input with { After = _state.Position.Seq } : input;
    }

    private void Perform(in LogAction action)
    {
        switch (action.Kind)
        {
            case LogActionKind.Subscribe:
                _wantsSubscription = true;
                SubscribeIfNeeded();
                break;
            case LogActionKind.Restart:
                _world.Visits.Outcome("restart");
                _isSubscribed = false;
                DropInbox(keepsConnection: true);
                if (_inbox.Count == 0)
                {
                    SubscribeIfNeeded();
                }

                break;
            case LogActionKind.Fetch:
                Ask(action);
                break;
            case LogActionKind.Emit:
                _world.Visits.Outcome("emit");
                var isBatch = SpanBatch.TryParse(
                    ((Payload)action.Payload!).Bytes,
                    out var batch,
                    out var fault
                );
                Auditor.Require(isBatch, $"what is given out cannot be read: {fault}");
                Check.Emit(action, batch);
                break;
            case LogActionKind.EmitGap when _broken != BrokenPart.GapRow:
                _world.Visits.Outcome("gap");
                Check.Gap(action);
                break;
            case LogActionKind.EmitTruncated:
                _world.Visits.Outcome("truncated");
                Check.Truncate(action);
                break;
            case LogActionKind.EmitRecreated:
                _world.Visits.Outcome("recreated");
                _logId = action.Text!;
                Check.Recreate(action, Guid.Parse(_logId));
                break;
            default:
                Note(action);
                break;
        }
    }

    private void Note(in LogAction action)
    {
        var what = action.Kind switch
        {
            LogActionKind.EmitFilled => "filled",
            LogActionKind.EmitFillPaused => "fill-paused",
            LogActionKind.EmitHistoryEnd => "history-end",
            LogActionKind.EmitCaughtUp => "caught-up",
            LogActionKind.EmitConnection => action.Flag ? "reconnected" : "lost",
            LogActionKind.EmitEnded => "ended",
            LogActionKind.Release => "released",
            _ => "other",
        };
        _world.Visits.Outcome(what);
    }

    private void Ask(in LogAction action)
    {
        var request = LogQuestions.Fetch(
            action,
            _options,
            _options.Selection,
            1,
            _logId,
            PageFetcher.LargestPage
        ) with
        {
            MaxEntries = _pageEntries,
            ByBytes = _pageEntries >= 1_000,
        };
        if (_facts.State != ConnectionState.Up || _machineLink != Link)
        {
            _pages.Add(
                new LogInput
                {
                    Kind = LogInputKind.PageFailed,
                    Request = action.Request,
                    Flag = true,
                    Text = "closed",
                }
            );
            return;
        }

        var id = ++_lastRequest;
        var wait = _world.Chance(0.5) ? 10 : 14;
        _asked.Add(id, (action.Request, _world.Now + (wait * Second)));
        Send(
            RequestFrames.Write(
                FrameKind.Request,
                id,
                MethodNumbers.GetLogs,
                request,
                ProtocolJsonContext.Default.GetLogsRequest
            )
        );
    }

    private sealed class Payload(byte[] bytes, SimClient? owner, uint gen = 0) : IDisposable
    {
        private bool _isReturned;

        public byte[] Bytes { get; } = bytes;

        public void Dispose()
        {
            if (!_isReturned)
            {
                _isReturned = true;
                owner?.OnReturned(gen, Bytes.Length);
            }
        }
    }
}
