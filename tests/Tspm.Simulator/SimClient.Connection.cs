using System.Buffers.Binary;
using System.Text.Json;
using SmartIpc.Client;
using SmartIpc.Connections;
using SmartIpc.Framing;
using Tspm.Client.Following;
using Tspm.Protocol.Batches;
using Tspm.Protocol.Messages;

namespace Tspm.Simulator;

/// <summary>The reader's half that is a connection: dialing, frames, and what they mean to the log's machine.</summary>
internal sealed partial class SimClient
{
    /// <summary>Takes bytes that have arrived.</summary>
    public void Receive(int most)
    {
        if (Link is not { } link || _assembler is not { } assembler)
        {
            return;
        }

        var count = link.ToClient.Take(assembler.ReceiveMemory.Span, most);
        if (count > 0)
        {
            _heardAt = _world.Now;
            _pongBy = long.MaxValue;
        }

        assembler.Received(count);
        while (Link == link && assembler.TryRead())
        {
            Dispatch(assembler);
        }
    }

    /// <summary>The connection was cut.</summary>
    public void OnCut(string code = "closed", TimeSpan retryAfter = default)
    {
        Link = null;
        _assembler?.Dispose();
        _assembler = null;
        var isUp = _facts.State == ConnectionState.Up;
        var failed = _asked.Values.ToList();
        _asked.Clear();
        foreach (var (fetch, _) in failed)
        {
            _pages.Add(
                new LogInput
                {
                    Kind = LogInputKind.PageFailed,
                    Request = fetch,
                    Flag = true,
                    Text = "closed",
                }
            );
        }

        if (_world.Chance(_world.PagesBeforeCut))
        {
            TakePages();
        }

        Connect(
            new ConnectionEvent(
                isUp ? ConnectionEventKind.Lost : ConnectionEventKind.Failed,
                Time,
                code,
                RetryAfter: retryAfter,
                Roll: _world.Roll()
            )
        );
    }

    private void Connect(in ConnectionEvent happened)
    {
        _world.Visits.Connection(_facts.State, happened.Kind);
        (_facts, var actions) = ConnectionMachine.Step(_facts, happened, _policy);
        if (actions.HasFlag(ConnectionActions.StartRetryTimer))
        {
            _retryAt = _world.Now + (long)_facts.RetryIn.TotalNanoseconds;
        }

        if (actions.HasFlag(ConnectionActions.Dial))
        {
            Dial();
        }

        if (actions.HasFlag(ConnectionActions.SendHello))
        {
            Send(ControlWriter.Hello(new ClientHello(1, 1, "sim", "", [])));
        }

        if (actions.HasFlag(ConnectionActions.SendPing))
        {
            Send(ControlWriter.Bytes(FrameKind.Ping, 0, "silence"u8));
        }

        if (actions.HasFlag(ConnectionActions.ResumeSubscriptions))
        {
            OnUp();
        }

        if (actions.HasFlag(ConnectionActions.DetachSubscriptions) && _wantsSubscription)
        {
            _isSubscribed = false;
            DropInbox(keepsConnection: false);
            Put(new LogInput { Kind = LogInputKind.Detached, Text = _facts.Reason });
        }

        if (actions.HasFlag(ConnectionActions.EndSubscriptions) && _wantsSubscription)
        {
            _isSubscribed = false;
            Put(new LogInput { Kind = LogInputKind.LogEnded, Text = _facts.Reason });
        }

        if (actions.HasFlag(ConnectionActions.Drop))
        {
            Cut("silent");
        }
    }

    private void Cut(string code)
    {
        if (Link is { } link)
        {
            link.IsCut = true;
            _world.OnClientCut(link);
            OnCut(code);
        }
    }

    private void Dial()
    {
        if (_world.TryConnect(out var link))
        {
            Link = link;
            _rule = new ClientFrameRule(4 * 1024 * 1024);
            _assembler = new FrameAssembler(_rule);
            _greetBy = _world.Now + (2 * Second);
            Connect(new ConnectionEvent(ConnectionEventKind.Connected, Time));
            return;
        }

        Connect(
            new ConnectionEvent(
                ConnectionEventKind.Failed,
                Time,
                "not-running",
                Roll: _world.Roll()
            )
        );
    }

    private void OnUp()
    {
        _heardAt = _world.Now;
        _greetBy = long.MaxValue;
        _isSubscribed = false;
        if (_hasStarted)
        {
            if (_wantsSubscription)
            {
                Put(new LogInput { Kind = LogInputKind.Resumed, Flag = _facts.HasDaemonChanged });
            }

            return;
        }

        _hasStarted = true;
        if (_machine.After is null)
        {
            // What the name means is asked on this connection.
            _logId = Link!.LogId.ToString();
            Check.Log = Link.LogId;
        }

        _remindAt = _world.Now + (5 * Second);
        _machineLink = Link;
        Feed(
            new LogInput
            {
                Kind = LogInputKind.Start,
                Now = _world.Now,
                Epoch = Link!.Facts.Epoch,
                UpTo = Link.Facts.Head,
            }
        );
    }

    private void Dispatch(FrameAssembler assembler)
    {
        var header = assembler.Header;
        var payload = assembler.Payload.Span;
        switch (header.Kind)
        {
            case FrameKind.Welcome:
                _rule!.IsGreeted = true;
                Connect(
                    new ConnectionEvent(
                        ConnectionEventKind.Welcomed,
                        Time,
                        DaemonId: ControlReader.Welcome(payload).DaemonId
                    )
                );
                break;
            case FrameKind.Refuse:
                _world.OnClientCut(Link!);
                OnCut(ControlReader.Farewell(payload).Code);
                break;
            case FrameKind.Bye:
                var (code, _, retryAfter) = ControlReader.Farewell(payload);
                Link!.IsCut = true;
                _world.OnClientCut(Link);
                OnCut(code, retryAfter);
                break;
            case FrameKind.Reply:
                OnReply(header.Id, payload.ToArray());
                break;
            case FrameKind.Error when _asked.Remove(header.Id, out var asked):
                _pages.Add(
                    new LogInput
                    {
                        Kind = LogInputKind.PageFailed,
                        Request = asked.Fetch,
                        Text = "busy",
                    }
                );
                break;
            case FrameKind.Batch:
                OnBatch(payload.ToArray(), !header.Flags.HasFlag(FrameFlags.Free));
                break;
            case FrameKind.Pong or FrameKind.Unsubscribed:
                break;
            default:
                OnControl(header.Kind, ControlReader.Stream(payload));
                break;
        }
    }

    private void OnReply(uint id, byte[] bytes)
    {
        if (!_asked.Remove(id, out var asked))
        {
            return;
        }

        if (!SpanBatch.TryParse(bytes, out var page, out var fault))
        {
            throw new InvariantException($"a page cannot be read: {fault}");
        }

        _pages.Add(LogInputs.Page(page, new Payload(bytes, null), asked.Fetch, _world.Now));
    }

    private void OnBatch(byte[] bytes, bool takesCredit)
    {
        var gen = BinaryPrimitives.ReadUInt32LittleEndian(bytes);
        if (!IsNext(gen, BinaryPrimitives.ReadUInt64LittleEndian(bytes.AsSpan(8))))
        {
            return;
        }

        if (!SpanBatch.TryParse(bytes, out var batch, out var fault))
        {
            throw new InvariantException($"a batch cannot be read: {fault}");
        }

        Auditor.Require(
            _covered < 0 || batch.Header.After == _covered,
            $"I5: batch after {batch.Header.After}, the one before went up to {_covered}"
        );
        Auditor.Require(
            batch.Header.UpTo <= batch.Header.Head,
            $"I6: batch up to {batch.Header.UpTo}, head {batch.Header.Head}"
        );
        _covered = batch.Header.UpTo;
        var payload = new Payload(bytes, takesCredit ? this : null, gen);
        Put(LogInputs.Batch(batch, payload, gen, _world.Now));
    }

    private void OnControl(FrameKind kind, in StreamText text)
    {
        if (!_isSubscribed || text.Gen != _gen)
        {
            return;
        }

        switch (kind)
        {
            case FrameKind.Subscribed:
                var info = JsonSerializer.Deserialize(
                    text.InfoUtf8,
                    ProtocolJsonContext.Default.SubscribedLog
                )!;
                _covered = info.StartAt;
                Put(LogInputs.Subscribed(info, text.Gen, _world.Now));
                break;
            case FrameKind.Gap when IsNext(text.Gen, text.Dseq):
                _covered = text.Gap.To;
                Put(LogInputs.Gap(text.Gap, text.Gen, _world.Now));
                break;
            case FrameKind.CaughtUp:
                Put(
                    new LogInput
                    {
                        Kind = LogInputKind.CaughtUp,
                        Gen = text.Gen,
                        UpTo = text.Amount,
                    }
                );
                break;
            case FrameKind.Ended:
                _isSubscribed = false;
                _wantsSubscription = false;
                Put(new LogInput { Kind = LogInputKind.LogEnded, Text = text.Gap.Reason });
                break;
            default:
                break;
        }
    }
}
