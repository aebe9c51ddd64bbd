using System.Buffers;
using System.Buffers.Binary;
using System.Text.Json;
using SmartIpc.Topics;
using Tspm.CaptureLog;
using Tspm.Daemon.Supervision;
using Tspm.Protocol.Messages;

namespace Tspm.Daemon.Topics;

/// <summary>One subscription to <c>terminal.&lt;processId&gt;</c>: the bytes of stdout as the keeper puts them on disk, before they are lines.</summary>
/// <remarks>Ends with the run. Read from the data files; nothing queues. A reader that is too slow for the disk's bounds goes on at what is left.</remarks>
internal sealed class TerminalTopicCursor : TopicCursor
{
    private const int HeadBytes = TopicFrame.BatchPrefixBytes + sizeof(long);
    private const int MostBytes = 32 * 1024;
    private static readonly StreamName Out = new(StreamKind.Out, 0);
    private readonly ProcessSupervisor _process;
    private readonly TerminalFeeds _feeds;
    private readonly ISubscriptionWaker _waker;
    private readonly DataFileReader _reader;
    private readonly byte[] _buffer = new byte[MostBytes];
    private readonly uint _run;
    private long _position;

    /// <summary>Opens one.</summary>
    public TerminalTopicCursor(
        ProcessSupervisor process,
        TerminalFeeds feeds,
        TerminalSubscribeOptions options,
        HomePaths home,
        ISubscriptionWaker waker
    )
    {
        _process = process;
        _feeds = feeds;
        _waker = waker;
        _reader = DataFileReader.Of(home, process.Record.Id);
        _run = process.Run?.Run ?? process.Record.Run;

        // Registered before the end is looked for: what comes between is told.
        feeds.Add(process.Record.Id, waker);
        process.Changed += OnChanged;
        _position =
            options.After ?? Math.Max(0, FindEnd() - Math.Clamp(options.Tail, 0, MostBytes));
    }

    /// <inheritdoc/>
    public override long Position => Volatile.Read(ref _position);

    /// <inheritdoc/>
    public override long Head => Position;

    /// <inheritdoc/>
    public override void WriteSubscribed(IBufferWriter<byte> json)
    {
        using var writer = new Utf8JsonWriter(json);
        JsonSerializer.Serialize(
            writer,
            new SubscribedTerminal(_run, _position),
            ProtocolJsonContext.Default.SubscribedTerminal
        );
    }

    /// <inheritdoc/>
    public override TopicReadKind Read(TopicFrame frame, int maxBytes)
    {
        // Looked at before the read: what was written until the end comes first.
        var isOver = IsOver;
        var room = Math.Clamp(maxBytes, 1, MostBytes);
        var read = _reader.Read(Out, (ulong)_position, _buffer.AsSpan(0, room));
        if (
            read == 0
            && _reader.FindNext(Out, (ulong)_position) is { } next
            && next > (ulong)_position
        )
        {
            Volatile.Write(ref _position, (long)next);
            read = _reader.Read(Out, next, _buffer.AsSpan(0, room));
        }

        if (read == 0)
        {
            frame.EndReason = isOver ? ReasonOf() : "";
            return isOver ? TopicReadKind.Ended : TopicReadKind.Idle;
        }

        Write(frame, _buffer.AsSpan(0, read));
        Volatile.Write(ref _position, _position + read);
        frame.Entries = 1;
        return TopicReadKind.Data;
    }

    /// <inheritdoc/>
    public override void WriteBookmark(TopicFrame frame) => Write(frame, []);

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            _process.Changed -= OnChanged;
            _feeds.Remove(_process.Record.Id, _waker);
            _reader.Dispose();
        }
    }

    private bool IsOver =>
        _process.Run is not { } run
        || run.Run != _run
        || run is { Outcome: not null, OpenStreams: 0 };

    private string ReasonOf()
    {
        var ended = _process.Record.Runs.FirstOrDefault(run => run.Run == _run);
        var how = ended is null
            ? ""
            : $": {new RunOutcome(ended.Signal == 0 ? ended.Code : null, ended.Signal)}";
        return $"run {_run} has ended{how}";
    }

    /// <summary>The offset after the last byte that is on disk.</summary>
    private long FindEnd()
    {
        var end = (long)_process.Log.NumberedTo.Out;
        while (_reader.Read(Out, (ulong)end, _buffer) is > 0 and var read)
        {
            end += read;
        }

        return end;
    }

    private void OnChanged(ProcessSupervisor process) => _waker.Wake();

    private void Write(TopicFrame frame, ReadOnlySpan<byte> bytes)
    {
        var room = frame.GetSpan(HeadBytes + bytes.Length);
        room[..HeadBytes].Clear();
        BinaryPrimitives.WriteInt64LittleEndian(room[TopicFrame.BatchPrefixBytes..], _position);
        bytes.CopyTo(room[HeadBytes..]);
        frame.Advance(HeadBytes + bytes.Length);
    }
}
