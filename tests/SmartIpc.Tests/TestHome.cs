using System.Buffers;
using System.Text.Json.Serialization;
using SmartIpc.Client;
using SmartIpc.Connections;
using SmartIpc.Framing;
using SmartIpc.Requests;

namespace SmartIpc.Tests;

/// <summary>A directory with a server in it, and what the tests ask of it.</summary>
internal sealed class TestHome : IAsyncDisposable
{
    public const ushort Echo = 1;
    public const ushort Fail = 2;
    public const ushort Hang = 3;
    public const ushort Blob = 8;
    public const ushort Tell = 9;
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);
    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("smartipc");
    private readonly CancellationTokenSource _deadline = new(Patience);

    public TestHome(CounterTopic? topic = null, string? subdirectory = null)
    {
        Topic = topic ?? new CounterTopic();
        var directory = subdirectory is null
            ? _directory
            : _directory.CreateSubdirectory(subdirectory);
        SocketPath = Path.Combine(directory.FullName, "t.sock");
        Options = new IpcServerOptions { SocketPath = SocketPath, DaemonId = "first" };
        ClientOptions = new IpcClientOptions { SocketPath = SocketPath, ClientName = "test/1" };
    }

    public CounterTopic Topic { get; }

    public string SocketPath { get; }

    public IpcServerOptions Options { get; set; }

    public IpcClientOptions ClientOptions { get; set; }

    public IpcServer Server { get; private set; } = null!;

    public Observer Seen { get; } = new();

    public TaskCompletionSource<string> Told { get; } =
        new(TaskCreationOptions.RunContinuationsAsynchronously);

    public TaskCompletionSource HangStarted { get; } =
        new(TaskCreationOptions.RunContinuationsAsynchronously);

    public TaskCompletionSource HangCancelled { get; } =
        new(TaskCreationOptions.RunContinuationsAsynchronously);

    public CancellationToken Ct => _deadline.Token;

    public TestHome Start()
    {
        Server = new IpcServer(Options, MakeTable(), Topic, Seen);
        Server.Start();
        return this;
    }

    public async Task<IpcClient> ConnectAsync()
    {
        var client = new IpcClient(ClientOptions);
        await client.ConnectAsync(Ct);
        return client;
    }

    /// <summary>Waits for a fact that nobody signals, with a deadline.</summary>
    public async Task WaitForAsync(Func<bool> isMet)
    {
        while (!isMet())
        {
            Ct.ThrowIfCancellationRequested();
            await Task.Yield();
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (Server is not null)
        {
            await Server.DisposeAsync();
        }

        _directory.Delete(recursive: true);
        _deadline.Dispose();
    }

    private RequestTable MakeTable() =>
        new RequestTable()
            .Add(
                Echo,
                "echo",
                TestJson.Default.Words,
                TestJson.Default.Words,
                (_, words, _) => ValueTask.FromResult<IpcResult<Words>>(words)
            )
            .Add(
                Fail,
                "fail",
                TestJson.Default.Words,
                TestJson.Default.Words,
                (_, words, _) =>
                    words.Text == "throw"
                        ? throw new InvalidOperationException("thrown")
                        : ValueTask.FromResult<IpcResult<Words>>(
                            new IpcError("not-found", "No such thing.", "try list")
                        )
            )
            .Add(Hang, "hang", TestJson.Default.Words, TestJson.Default.Words, HangAsync)
            .AddBinary(
                Blob,
                "blob",
                TestJson.Default.Words,
                (_, words, output, _) =>
                {
                    output.Write(new byte[int.Parse(words.Text)]);
                    return ValueTask.FromResult<IpcError?>(null);
                }
            )
            .Add(
                Tell,
                "tell",
                TestJson.Default.Words,
                TestJson.Default.Words,
                (context, words, _) =>
                {
                    Told.TrySetResult($"{words.Text} {context.IsNotify} {context.Peer.ClientName}");
                    return ValueTask.FromResult<IpcResult<Words>>(words);
                }
            );

    private async ValueTask<IpcResult<Words>> HangAsync(
        RequestContext context,
        Words words,
        CancellationToken ct
    )
    {
        HangStarted.TrySetResult();
        try
        {
            await Task.Delay(Timeout.InfiniteTimeSpan, ct);
        }
        catch (OperationCanceledException)
        {
            HangCancelled.TrySetResult();
            throw;
        }

        return words;
    }

    internal sealed class Observer : IIpcObserver
    {
        public List<string> Lines { get; } = [];

        public void OnDisconnected(IpcPeer peer, string reason, string message) =>
            Add($"disconnected {reason}");

        public void OnRefused(int pid, uint uid, string code) => Add($"refused {code}");

        public void OnTopicFailed(string topic, Exception error) => Add($"failed {topic}");

        public void OnRequestFailed(string method, Exception error) => Add($"failed {method}");

        public bool Has(string line)
        {
            lock (Lines)
            {
                return Lines.Contains(line);
            }
        }

        private void Add(string line)
        {
            lock (Lines)
            {
                Lines.Add(line);
            }
        }
    }
}

internal sealed record Words(string Text);

[JsonSerializable(typeof(Words))]
internal sealed partial class TestJson : JsonSerializerContext;

/// <summary>A peer that speaks bytes, so that it can speak badly.</summary>
internal sealed class RawPeer : IDisposable
{
    private readonly System.Net.Sockets.Socket _socket = new(
        System.Net.Sockets.AddressFamily.Unix,
        System.Net.Sockets.SocketType.Stream,
        System.Net.Sockets.ProtocolType.Unspecified
    );
    private readonly FrameAssembler _frames = new(new AnyFrame());

    public RawPeer(string path) =>
        _socket.Connect(new System.Net.Sockets.UnixDomainSocketEndPoint(path));

    public FrameHeader Header => _frames.Header;

    public string Text => System.Text.Encoding.UTF8.GetString(_frames.Payload.Span);

    public static byte[] Frame(FrameKind kind, uint id, string payload, ushort method = 0) =>
        [
            .. HeaderBytes(System.Text.Encoding.UTF8.GetByteCount(payload), kind, id, method),
            .. System.Text.Encoding.UTF8.GetBytes(payload),
        ];

    public static byte[] HeaderBytes(int length, FrameKind kind, uint id, ushort method = 0)
    {
        var bytes = new byte[FrameHeader.Size];
        new FrameHeader(length, kind, FrameFlags.None, method, id).Write(bytes);
        return bytes;
    }

    public void Send(ReadOnlySpan<byte> bytes) => _socket.Send(bytes);

    public void SayHello() =>
        Send(Frame(FrameKind.Hello, 0, """{"protoMin":1,"protoMax":1,"client":"raw"}"""));

    /// <summary>The next frame's kind; None at the end of the stream.</summary>
    public async Task<FrameKind> ReceiveAsync(CancellationToken ct)
    {
        while (!_frames.TryRead())
        {
            int count;
            try
            {
                count = await _socket.ReceiveAsync(
                    _frames.ReceiveMemory,
                    System.Net.Sockets.SocketFlags.None,
                    ct
                );
            }
            catch (System.Net.Sockets.SocketException)
            {
                return FrameKind.None;
            }

            if (count == 0)
            {
                return FrameKind.None;
            }

            _frames.Received(count);
        }

        return _frames.Header.Kind;
    }

    public void Dispose()
    {
        _socket.Dispose();
        _frames.Dispose();
    }

    private sealed class AnyFrame : FrameRule
    {
        protected override int MaxLength(in FrameHeader header) => 64 << 20;
    }
}
