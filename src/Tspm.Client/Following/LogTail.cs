using System.Runtime.CompilerServices;
using System.Text.Json;
using SmartIpc.Client;
using SmartIpc.Framing;
using Tspm.Protocol;
using Tspm.Protocol.Batches;
using Tspm.Protocol.Messages;

namespace Tspm.Client.Following;

/// <summary>Follows one log: feeds what the connection gives into the log's machine and does what it says.</summary>
/// <remarks>One reader at a time. Nothing is decided here; see <see cref="LogMachine"/>.</remarks>
internal sealed class LogTail : IAsyncDisposable
{
    /// <summary>Why a log ends whose reader asked for no more.</summary>
    public const string UntilReached = "until";

    private static readonly TimeSpan ReminderPeriod = TimeSpan.FromSeconds(5);
    private readonly TspmIpcClient _client;
    private readonly LogFollowOptions _options;
    private readonly LogMachineOptions _machine;
    private readonly LogSelection _selection;
    private readonly PageFetcher _pages;
    private readonly TimeProvider _time;
    private readonly long _creditBytes;
    private readonly TaskCompletionSource<long> _end = new(
        TaskCreationOptions.RunContinuationsAsynchronously
    );
    private readonly List<LogAction> _actions = [];
    private readonly List<LogFollowEvent> _told = [];
    private readonly List<(LogTarget, FollowReceipt)> _receipts = [];

    // Guards _taken.
    private readonly Lock _gate = new();
    private LogPosition? _taken;
    private LogMachineState _state = LogMachineState.Initial;
    private IpcSubscription? _subscription;
    private ITimer? _reminder;
    private Task<TopicMessage>? _read;
    private Task<long>? _ending;
    private long _connection;
    private bool _hasOpened;

    private long _emittedUpTo;
    private bool _isOver;

    /// <summary>Makes a tail that is not subscribed.</summary>
    /// <param name="client">The connection.</param>
    /// <param name="log">The log.</param>
    /// <param name="options">Where it begins.</param>
    /// <param name="after">Begin after this position, instead of history; null if there is none.</param>
    /// <param name="creditBytes">Bytes on their way to this reader at the most.</param>
    /// <param name="time">Time.</param>
    /// <param name="isAlone">No other log is read beside it: it may take more memory.</param>
    public LogTail(
        TspmIpcClient client,
        LogTarget log,
        LogFollowOptions options,
        LogPosition? after,
        long creditBytes,
        TimeProvider time,
        bool isAlone = false
    )
    {
        _client = client;
        Log = log;
        _options = options;
        _selection = options.Runs.Narrow(options.Selection, log.Run);
        var looksIntoLines = _selection.Grep.Count > 0 || _selection.Exclude.Count > 0;
        _pages = new PageFetcher(client, options, _selection, time)
        {
            ReadsAhead = isAlone && !looksIntoLines,
        };
        _time = time;
        _creditBytes = creditBytes;
        _machine = LogMachineOptions.Of(options, after);
        _receipts.Add((log, Receipt));
        _ending = options is { UntilExit: true, Follow: true } ? _end.Task : null;
    }

    /// <summary>The log; another after the process was made again.</summary>
    public LogTarget Log { get; private set; }

    /// <summary>What became of every seq of the log at hand.</summary>
    public FollowReceipt Receipt { get; private set; } = new();

    /// <summary>The receipts of this log and of those that it was before.</summary>
    public IReadOnlyList<(LogTarget Log, FollowReceipt Receipt)> Receipts => _receipts;

    /// <summary>Where the reader stands: after all that it took; null if nothing is known yet. Any thread may ask.</summary>
    public CursorPlace? Place
    {
        get
        {
            lock (_gate)
            {
                var nothing = _options.Follow ? (LogPosition?)null : new(Log.Epoch, Log.Head);
                return (_taken ?? nothing) is { } taken
                    ? new CursorPlace(Guid.Parse(Log.LogId), $"{Log.Ns}/{Log.Name}", taken)
                    : null;
            }
        }
    }

    /// <summary>Everything there is to tell, until the log has ended.</summary>
    /// <exception cref="TspmException">The daemon refused at the start, or sends what cannot be read.</exception>
    public async IAsyncEnumerable<LogFollowEvent> ReadAsync(
        [EnumeratorCancellation] CancellationToken ct
    )
    {
        // All pages of a read come from one daemon; a follow learns its connection when it subscribes.
        _connection = _client.ConnectionNumber;
        Step(
            new LogInput
            {
                Kind = LogInputKind.Start,
                Now = Now,
                Epoch = Log.Epoch,
                UpTo = Log.Head,
            }
        );
        while (true)
        {
            StartFetch(ct);

            // By index: an action may not add to the list, but the list is used again.
            for (var i = 0; i < _actions.Count; i++)
            {
                var action = _actions[i];
                Perform(action, ct);
                for (var j = 0; j < _told.Count; j++)
                {
                    yield return _told[j];
                }

                _told.Clear();
                action.Payload?.Dispose();
                TakeNote(action);
                if (_isOver)
                {
                    yield return new LogEnded(Log, UntilReached);
                    yield break;
                }
            }

            _actions.Clear();
            if (_state.Mode == LogMode.Ended)
            {
                yield break;
            }

            Step(await NextAsync(ct).ConfigureAwait(false));
        }
    }

    /// <summary>Has it end when a seq was reached; with <see cref="LogFollowOptions.UntilExit"/>. Any thread.</summary>
    public void EndAt(long seq) => _end.TrySetResult(seq);

    /// <summary>Unsubscribes, at most 200 ms.</summary>
    public async ValueTask DisposeAsync()
    {
        _pages.Drop();
        if (_reminder is { } reminder)
        {
            await reminder.DisposeAsync().ConfigureAwait(false);
        }

        if (_subscription is { } subscription)
        {
            await TspmIpcClient.UnsubscribeAsync(subscription).ConfigureAwait(false);
        }
    }

    private long Now => (long)_time.GetElapsedTime(0).TotalNanoseconds;

    private void Step(in LogInput input) =>
        _state = LogMachine.Step(_state, input, _machine, _actions);

    /// <summary>The reader has taken all that an action told.</summary>
    private void TakeNote(in LogAction action)
    {
        var isMove =
            action.Kind
            is LogActionKind.Emit
                or LogActionKind.EmitGap
                or LogActionKind.EmitTruncated
                or LogActionKind.EmitRecreated;
        if (isMove || (action.Kind == LogActionKind.EmitCaughtUp && _taken is null))
        {
            lock (_gate)
            {
                var to = action.Kind == LogActionKind.Emit ? _emittedUpTo : action.To;
                _taken = isMove ? new LogPosition(action.Epoch, to) : _state.Position;
            }
        }
    }

    private void Perform(in LogAction action, CancellationToken ct)
    {
        switch (action.Kind)
        {
            case LogActionKind.Subscribe:
                Subscribe();
                break;
            case LogActionKind.Restart:
                _subscription?.Restart();
                break;
            case LogActionKind.Fetch:
                // Under way already.
                break;
            case LogActionKind.Emit:
                Emit(action);
                break;
            case LogActionKind.EmitGap:
                Receipt.Cover(action.From - 1, action.To, 0, action.To - action.From + 1);
                _told.Add(new LogGap(Log, action.From, action.To, action.Reason));
                break;
            default:
                if (Tell(action) is { } told)
                {
                    _told.Add(told);
                }

                break;
        }
    }

    /// <summary>The next page comes while the reader takes this one.</summary>
    private void StartFetch(CancellationToken ct)
    {
        foreach (var action in _actions)
        {
            if (action.Kind == LogActionKind.Fetch)
            {
                _pages.Start(Log, action, _state.IsFollowing, _connection, ct);
            }
        }
    }

    private LogFollowEvent? Tell(in LogAction action)
    {
        switch (action.Kind)
        {
            case LogActionKind.EmitFilled:
                return new LogGapFilled(Log, action.From, action.To);
            case LogActionKind.EmitFillPaused:
                return new LogFillPaused(Log);
            case LogActionKind.EmitTruncated:
                Receipt.Rewind(action.From - action.To);
                return new LogHistoryChanged(Log, isRecreated: false, action.To, action.From);
            case LogActionKind.EmitRecreated:
                Log = Log with { LogId = action.Text ?? Log.LogId, Epoch = action.Epoch };
                Receipt = new FollowReceipt();
                _receipts.Add((Log, Receipt));
                return new LogHistoryChanged(Log, isRecreated: true, action.To, action.From);
            case LogActionKind.EmitHistoryEnd:
                return new HistoryEnd(Log);
            case LogActionKind.EmitCaughtUp:
                return new CaughtUp(Log, action.To);
            case LogActionKind.EmitConnection:
                return new ConnectionChanged(
                    action.Flag,
                    action.HasDaemonChanged,
                    action.Text ?? "",
                    _connection,
                    action.MissesSome
                )
                {
                    Log = Log,
                };
            case LogActionKind.EmitEnded:
                return new LogEnded(Log, action.Text ?? "");
            default:
                return null;
        }
    }

    private void Emit(in LogAction action)
    {
        var payload = MemoryOf(action.Payload);
        if (!SpanBatch.TryParse(payload.Span, out var batch, out var fault))
        {
            throw Unreadable(fault);
        }

        _emittedUpTo = BatchEvents.Add(action, Log, payload, batch, Receipt, _told, _options.Until);
        _isOver = _emittedUpTo < action.To;
    }

    private void Subscribe()
    {
        if (_subscription is not null)
        {
            // The next read subscribes by itself.
            return;
        }

        _subscription = _client.Subscribe(Log, _ => OptionsNow(), _creditBytes);
        _reminder = _time.CreateTimer(
            static subscription => ((IpcSubscription)subscription!).Remind(), // The state is the subscription.
            _subscription,
            ReminderPeriod,
            ReminderPeriod
        );
    }

    private LogSubscribeOptions OptionsNow() =>
        LogQuestions.Subscribe(_state, _machine, _options, _selection, Log.LogId);

    /// <summary>The next thing that happens: a page that was asked for, what the subscription has, or that the end is known.</summary>
    private async ValueTask<LogInput> NextAsync(CancellationToken ct)
    {
        if (_pages.Asked is not null || _ending is not null)
        {
            await WaitForAnyAsync(ct).ConfigureAwait(false);
            if (_ending is { IsCompleted: true } ending)
            {
                _ending = null;
                var end = await ending.ConfigureAwait(false);
                return Plain(LogInputKind.EndAt) with { UpTo = end };
            }

            if (
                _pages.Asked is { } page
                && (page.IsCompleted || _read is not { IsCompleted: true })
            )
            {
                return await _pages.TakeAsync(page).ConfigureAwait(false);
            }
        }

        // There is a subscription whenever no page is awaited.
        var reading = _read is { } read
            ? new ValueTask<TopicMessage>(read)
            : _subscription!.ReadAsync(ct);
        _read = null;
        return InputOf(await reading.ConfigureAwait(false));
    }

    private async Task WaitForAnyAsync(CancellationToken ct)
    {
        if (_subscription is not null)
        {
            _read ??= _subscription.ReadAsync(ct).AsTask();
        }

        var all = new List<Task>(3);
        if (_pages.Asked is { } page)
        {
            all.Add(page);
        }

        if (_read is not null)
        {
            all.Add(_read);
        }

        if (_ending is not null)
        {
            all.Add(_ending);
        }

        await Task.WhenAny(all).ConfigureAwait(false);
    }

    private LogInput InputOf(in TopicMessage message)
    {
        switch (message.Kind)
        {
            case TopicMessageKind.Subscribed:
                return ReadSubscribed(message);
            case TopicMessageKind.Batch or TopicMessageKind.Bookmark:
                return ReadBatch(message);
            case TopicMessageKind.Gap:
                return LogInputs.Gap(message.Gap, message.Gen, Now);
            case TopicMessageKind.CaughtUp:
                return Plain(LogInputKind.CaughtUp, message.Gen) with { UpTo = message.At };
            case TopicMessageKind.Detached:
                _connection = message.At;
                return Plain(LogInputKind.Detached) with { Text = message.Reason };
            case TopicMessageKind.Resumed:
                _connection = message.At;
                return Plain(LogInputKind.Resumed) with { Flag = message.HasDaemonChanged };
            case TopicMessageKind.Refused when !_hasOpened:
                var error = message.Error;
                throw new TspmException(
                    error?.Code ?? "failed",
                    error?.Message ?? "the daemon refused the subscription",
                    error?.Hint
                );
            case TopicMessageKind.Refused:
                return Plain(LogInputKind.LogEnded) with { Text = message.Error?.Code };
            case TopicMessageKind.Ended:
                return Plain(LogInputKind.LogEnded) with { Text = message.Reason };
            default:
                return Plain(LogInputKind.Timer);
        }
    }

    private LogInput Plain(LogInputKind kind, uint gen = 0) =>
        new()
        {
            Kind = kind,
            Now = Now,
            Gen = gen,
        };

    private LogInput ReadSubscribed(in TopicMessage message)
    {
        using var payload = message.Payload;
        _hasOpened = true;
        _connection = message.At;
        var info =
            JsonSerializer.Deserialize(payload!.Span, ProtocolJsonContext.Default.SubscribedLog) // a subscribed message has one
            ?? throw Unreadable("the answer to subscribe is empty");
        return LogInputs.Subscribed(info, message.Gen, Now);
    }

    private LogInput ReadBatch(in TopicMessage message)
    {
        // A batch and a bookmark have a payload.
        var lease = message.Payload!;
        if (!SpanBatch.TryParse(lease.Span, out var batch, out var fault))
        {
            lease.Dispose();
            throw Unreadable(fault);
        }

        return LogInputs.Batch(batch, lease, message.Gen, Now);
    }

    private static ReadOnlyMemory<byte> MemoryOf(IDisposable? payload) =>
        payload is LogPage page ? page.Memory
        : payload is FrameLease lease ? lease.Memory
        : default;

    private static TspmException Unreadable(string? fault) =>
        new("protocol", $"what the daemon sends cannot be read: {fault}");
}
