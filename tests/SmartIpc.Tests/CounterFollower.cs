using System.Buffers.Binary;
using System.Text;
using SmartIpc.Client;

namespace SmartIpc.Tests;

/// <summary>Reads a counter topic and holds the invariant: numbers shown + gaps = 1..last, in order, each once.</summary>
internal sealed class CounterFollower(IpcClient client, long credit = 1024 * 1024)
    : IAsyncDisposable
{
    private IpcSubscription? _subscription;

    public long Position { get; private set; }

    public long Shown { get; private set; }

    public long Lost { get; private set; }

    public long HeadTold { get; private set; }

    public int Bookmarks { get; private set; }

    public List<uint> Gens { get; } = [];

    public List<TopicMessageKind> Kinds { get; } = [];

    public string Reason { get; private set; } = "";

    public bool HasDaemonChanged { get; private set; }

    public IpcSubscription Subscription =>
        _subscription ??= client.Subscribe("counter", gen => Options(gen), credit);

    public async Task ReadUntilAsync(Func<CounterFollower, bool> isMet, CancellationToken ct)
    {
        while (!isMet(this))
        {
            using var message = await Subscription.ReadAsync(ct);
            Take(message);
        }
    }

    public Task ReadToAsync(long position, CancellationToken ct) =>
        ReadUntilAsync(follower => follower.Position >= position, ct);

    public void AssertExact() => Assert.Equal(Position, Shown + Lost);

    public ValueTask DisposeAsync() => _subscription?.DisposeAsync() ?? ValueTask.CompletedTask;

    private ReadOnlyMemory<byte> Options(uint gen)
    {
        Gens.Add(gen);
        return Encoding.UTF8.GetBytes($$"""{"after":{{Position}}}""");
    }

    private void Take(in TopicMessage message)
    {
        Kinds.Add(message.Kind);
        Reason = message.Reason ?? "";
        switch (message.Kind)
        {
            case TopicMessageKind.Batch or TopicMessageKind.Bookmark:
                TakeBatch(message.Payload!.Span);
                Bookmarks += message.Kind == TopicMessageKind.Bookmark ? 1 : 0;
                break;
            case TopicMessageKind.Gap:
                Assert.Equal(Position + 1, message.Gap.From);
                Assert.Equal(message.Gap.To - message.Gap.From + 1, message.Gap.Count);
                Position = message.Gap.To;
                Lost += message.Gap.Count;
                break;
            case TopicMessageKind.Resumed:
                HasDaemonChanged = message.HasDaemonChanged;
                break;
            default:
                break;
        }
    }

    private void TakeBatch(ReadOnlySpan<byte> batch)
    {
        Assert.Equal(Position, BinaryPrimitives.ReadInt64LittleEndian(batch[16..]));
        HeadTold = BinaryPrimitives.ReadInt64LittleEndian(batch[32..]);
        for (var rest = batch[CounterTopic.HeaderBytes..]; !rest.IsEmpty; rest = rest[8..])
        {
            Assert.Equal(++Position, BinaryPrimitives.ReadInt64LittleEndian(rest));
            Shown++;
        }
    }
}
