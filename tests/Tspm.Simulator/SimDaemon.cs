using System.Text;
using System.Text.Json;
using SmartIpc.Connections;
using SmartIpc.Framing;
using SmartIpc.Requests;
using SmartIpc.Topics;
using Tspm.CaptureLog;
using Tspm.Daemon.Topics;
using Tspm.Logs;
using Tspm.Logs.Retention;
using Tspm.Protocol.Batches;
using Tspm.Protocol.Messages;

namespace Tspm.Simulator;

/// <summary>One life of the daemon: the real log core and the real senders of subscriptions, without threads and sockets.</summary>
internal sealed class SimDaemon : IDisposable
{
    /// <summary>The entry that tells a run's end.</summary>
    public const string RunExit = """{"what":"run-exit"}""";

    private const int MaxReplyBytes = 4 * 1024 * 1024;
    private readonly LogIngest _ingest;
    private readonly StreamEnds _ends = new();
    private readonly List<SimPeer> _peers = [];
    private readonly List<LogExpiry> _untold = [];
    private readonly IpcServerOptions _options;

    public SimDaemon(
        SimKeeper keeper,
        LogStoreOptions store,
        int life,
        int batchBytes,
        StorePast past = default
    )
    {
        Id = $"life-{life}";
        _options = new IpcServerOptions
        {
            SocketPath = "none",
            DaemonId = Id,
            MaxBatchBytes = batchBytes,
        };
        _ingest = new LogIngest(keeper.Home, store, _ends);
        Writer = LogWriter.Open(keeper.Home, SimKeeper.Process, store, TimeProvider.System, past);
        _ingest.Add(Writer);
    }

    public string Id { get; }

    public LogWriter Writer { get; }

    public ProcessLog Log => Writer.Log;

    public IReadOnlyList<SimPeer> Peers => _peers;

    /// <summary>Reads what the keeper wrote.</summary>
    public void Turn(long now)
    {
        while (_ingest.Turn(now).HasMore)
        {
            // Until the journal is read.
        }
    }

    /// <summary>Enters the ends of runs whose streams have both ended, as the supervisor does.</summary>
    /// <param name="isKnown">Whether a run's end is in the log already.</param>
    /// <param name="wall">100 ns since 1970.</param>
    /// <param name="now">Monotonic time, ns.</param>
    public void EndRuns(Func<uint, bool> isKnown, long wall, long now)
    {
        foreach (var run in _ends.Take())
        {
            if (!isKnown(run))
            {
                EndRun(run, wall, now);
            }
        }
    }

    /// <summary>Enters the end of a run.</summary>
    public void EndRun(uint run, long wall, long now)
    {
        Writer.AppendEvent(run, Encoding.ASCII.GetBytes(RunExit), 0, wall, now);
        _ingest.Commit(Writer);
    }

    /// <summary>Deletes the oldest closed files until no more than so many bytes are left.</summary>
    /// <param name="home">The home.</param>
    /// <param name="share">Of the bytes that are there.</param>
    /// <param name="isTold">Whether the index tells of it at once; else with the next <see cref="TellExpired"/>.</param>
    public void Retain(HomePaths home, double share, bool isTold)
    {
        var retention = new LogRetention(home, long.MaxValue, reserveBytes: 0);
        var bytes = (long)((Log.DataBytes + Log.IndexBytes) * share);
        var retained = new RetainedLog(Writer, bytes, TimeSpan.Zero);
        _untold.AddRange(retention.Enforce([retained], DateTimeOffset.UnixEpoch));
        if (isTold)
        {
            TellExpired();
        }
    }

    /// <summary>What retention took is told in the index, as the ingest thread does when it comes to it; false if there was nothing.</summary>
    public bool TellExpired()
    {
        var isAny = _untold.Count > 0;
        foreach (var expiry in _untold)
        {
            expiry.Writer.AppendExpiry(expiry.ExpiredTo);
            _ingest.Commit(expiry.Writer);
            expiry.Writer.DeleteExpiredIndex();
        }

        _untold.Clear();
        return isAny;
    }

    public SimPeer Accept(SimLink link)
    {
        var peer = new SimPeer(this, link, _options);
        _peers.Add(peer);
        return peer;
    }

    public void Forget(SimPeer peer)
    {
        _peers.Remove(peer);
        peer.Dispose();
    }

    /// <summary>The log is deleted: its subscriptions end.</summary>
    public void EndSubscriptions(string reason)
    {
        foreach (var peer in _peers)
        {
            peer.End(reason);
        }
    }

    /// <summary>Writes the clean end of the log.</summary>
    public void CloseCleanly() => _ingest.CloseAll();

    public void Dispose()
    {
        foreach (var peer in _peers)
        {
            peer.Link.IsCut = true;
            peer.Dispose();
        }

        _ingest.Dispose();
        Log.Dispose();
    }

    /// <summary>The daemon's end of a connection.</summary>
    internal sealed class SimPeer : IDisposable
    {
        private readonly SimDaemon _daemon;
        private readonly FrameAssembler _assembler;
        private readonly ServerFrameRule _rule = new(256 * 1024, new Dictionary<ushort, int>());
        private readonly SubscriptionTable _table;
        private readonly List<LogTopicCursor> _cursors = [];

        public SimPeer(SimDaemon daemon, SimLink link, IpcServerOptions options)
        {
            _daemon = daemon;
            Link = link;
            _assembler = new FrameAssembler(_rule);
            _table = new SubscriptionTable(
                static () => { },
                options,
                new SubscriptionLimits(100, options.MaxBatchBytes)
            );
        }

        public SimLink Link { get; }

        /// <summary>The next answer is not sent.</summary>
        public bool LosesAnswer { get; set; }

        /// <summary>The next page is refused.</summary>
        public bool RefusesPage { get; set; }

        /// <summary>The next page begins later than it should.</summary>
        public bool SendsOddPage { get; set; }

        /// <summary>Called before the next page that goes on inside a range is read, once.</summary>
        public Action? BeforePage { get; set; }

        public IReadOnlyList<SubscriptionFacts> Facts => _table.GetFacts();

        /// <summary>Takes bytes that have arrived.</summary>
        public void Receive(int most, long now)
        {
            var memory = _assembler.ReceiveMemory.Span;
            _assembler.Received(Link.ToServer.Take(memory, most));
            while (_assembler.TryRead())
            {
                Dispatch(_assembler.Header, _assembler.Payload.Span, now);
            }
        }

        /// <summary>Sends what subscriptions have, while the socket takes it.</summary>
        public void Pump(long now, int socketBytes, int turns)
        {
            while (turns-- > 0 && Link.ToClient.Length < socketBytes)
            {
                if (!_table.TryFill(now, Loud.Instance, out var frame))
                {
                    return;
                }

                CheckBound(frame);
                Send(frame);
            }
        }

        public void Remind(long since) => _table.RemindSince(since);

        public void End(string reason)
        {
            foreach (var cursor in _cursors)
            {
                cursor.End(reason);
            }
        }

        public void SayBye(TimeSpan retryAfter) =>
            Send(ControlWriter.Bye("handover", "the daemon is replaced", retryAfter));

        public void Dispose()
        {
            _table.Dispose();
            _assembler.Dispose();
        }

        /// <summary>A frame under way is what a subscription holds: no longer than the bound, or one entry (I10).</summary>
        private void CheckBound(FrameBuffer frame)
        {
            var sealedFrame = frame.Sealed.Span;
            if (sealedFrame.Length <= _daemon._options.MaxBatchBytes)
            {
                return;
            }

            Auditor.Require(
                SpanBatch.TryParse(sealedFrame[FrameHeader.Size..], out var batch, out _)
                    && batch.Spans.Length == 1
                    && batch.Spans[0].Count == 1,
                $"I10: a frame has {sealedFrame.Length} bytes"
            );
        }

        /// <summary>A page has no more than was asked for, but for one entry that is longer.</summary>
        private static void CheckPage(GetLogsRequest request, ReadOnlySpan<byte> page)
        {
            var isPage = SpanBatch.TryParse(page, out var batch, out var fault);
            Auditor.Require(isPage, $"a page: {fault}");
            long entries = 0;
            foreach (ref readonly var span in batch.Spans)
            {
                entries += span.Count;
            }

            Auditor.Require(
                (entries <= request.MaxEntries || request.ByBytes)
                    && (batch.Bytes.Length <= request.MaxBytes || entries == 1),
                $"a page has {entries} entries and {batch.Bytes.Length} bytes, {request.MaxEntries} and {request.MaxBytes} were asked for"
            );
        }

        private void Send(FrameBuffer frame) => Link.ToClient.Add(frame.Sealed.Span);

        private void Dispatch(in FrameHeader header, ReadOnlySpan<byte> payload, long now)
        {
            switch (header.Kind)
            {
                case FrameKind.Hello:
                    _rule.IsGreeted = true;
                    Send(
                        ControlWriter.Welcome(
                            new ServerWelcome(
                                1,
                                _daemon.Id,
                                "",
                                "",
                                [],
                                TimeSpan.FromSeconds(5),
                                256 * 1024
                            )
                        )
                    );
                    break;
                case FrameKind.Ping:
                    Send(ControlWriter.Bytes(FrameKind.Pong, 0, payload));
                    break;
                case FrameKind.Subscribe:
                    Subscribe(header.Id, ControlReader.Subscribe(payload), now);
                    break;
                case FrameKind.Credit:
                    var credit = ControlReader.Stream(payload);
                    if (
                        _table.Find(header.Id) is { } subscription
                        && subscription.Gen == credit.Gen
                    )
                    {
                        subscription.AddCredit(credit.Amount);
                    }

                    break;
                case FrameKind.Unsubscribe:
                    _table.Find(header.Id)?.Leave(answer: true);
                    break;
                case FrameKind.Request:
                    Answer(header.Id, payload);
                    break;
                default:
                    break;
            }
        }

        private void Subscribe(uint id, SubscribeText text, long now)
        {
            if (LosesAnswer)
            {
                LosesAnswer = false;
                return;
            }

            var options = JsonSerializer.Deserialize(
                text.Options.Span,
                ProtocolJsonContext.Default.LogSubscribeOptions
            )!;
            if (
                (
                    LogFilters.TryParse(options, out var filter)
                    ?? LogTopicCursor.FindFault(_daemon.Log, options)
                ) is
                { } fault
            )
            {
                throw new InvariantException(fault);
            }

            var subscription = _table.Add(id, text)!;
            var cursor = LogTopicCursor.Open(
                _daemon.Log,
                "default",
                "web",
                options,
                filter,
                subscription
            );
            _cursors.Add(cursor);
            Send(ControlWriter.Subscribed(id, text.Gen, cursor));
            subscription.Open(cursor, now);
        }

        private void Answer(uint id, ReadOnlySpan<byte> payload)
        {
            if (LosesAnswer)
            {
                LosesAnswer = false;
                return;
            }

            if (RefusesPage)
            {
                RefusesPage = false;
                Send(ControlWriter.Error(id, new IpcError("busy", "too much at once")));
                return;
            }

            var request = JsonSerializer.Deserialize(
                payload,
                ProtocolJsonContext.Default.GetLogsRequest
            )!;
            if ((LogPages.FindFault(request) ?? LogFilters.TryParse(request, out _)) is { } fault)
            {
                throw new InvariantException($"a page that cannot be asked for: {fault}");
            }

            if (!LogPages.IsMeant(_daemon.Log, request))
            {
                Send(ControlWriter.Error(id, new IpcError("not-found", "another log")));
                return;
            }

            if (LogPages.FindBeyond(_daemon.Log, request) is { } beyond)
            {
                throw new InvariantException($"a page that cannot be asked for: {beyond}");
            }

            if (BeforePage is { } before && request.From > 1)
            {
                BeforePage = null;
                before();
            }

            if (SendsOddPage && request is { From: { } from, To: { } to } && from < to)
            {
                SendsOddPage = false;
                request = request with { From = from + 1 };
            }

            LogFilters.TryParse(request, out var filter);
            using var reply = new FrameBuffer(MaxReplyBytes);
            LogPages.Write(_daemon.Log, request, filter, reply);
            CheckPage(request, reply.Written);
            Send(reply.Seal(FrameKind.Reply, id, FrameFlags.Binary));
        }
    }

    /// <summary>Counts the streams of runs that have ended.</summary>
    private sealed class StreamEnds : IJournalObserver
    {
        private readonly Dictionary<uint, int> _ended = [];

        public void OnRecord(in JournalRecord record)
        {
            if (record.Kind == JournalRecordKind.StreamEnd)
            {
                _ended[record.Run] = _ended.GetValueOrDefault(record.Run) + 1;
            }
        }

        /// <summary>Runs that have ended since this was asked.</summary>
        public IReadOnlyList<uint> Take()
        {
            uint[] over = [.. _ended.Where(one => one.Value == 2).Select(one => one.Key).Order()];
            foreach (var run in over)
            {
                _ended.Remove(run);
            }

            return over;
        }
    }

    private sealed class Loud : IIpcObserver
    {
        public static readonly Loud Instance = new();

        public void OnTopicFailed(string topic, Exception error) =>
            throw new InvariantException($"{topic} failed: {error}");
    }
}
