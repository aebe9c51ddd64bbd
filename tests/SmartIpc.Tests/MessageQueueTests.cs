using SmartIpc.Client;

namespace SmartIpc.Tests;

public sealed class MessageQueueTests
{
    [Fact]
    public void Dropping_the_content_keeps_what_happened_to_the_connection()
    {
        var queue = new MessageQueue(runsInline: null);
        TopicMessageKind[] kinds =
        [
            TopicMessageKind.Subscribed,
            TopicMessageKind.Gap,
            TopicMessageKind.Detached,
            TopicMessageKind.Resumed,
            TopicMessageKind.CaughtUp,
        ];
        foreach (var kind in kinds)
        {
            queue.Push(new TopicMessage { Kind = kind });
        }

        queue.DropContent();

        Assert.Equal([TopicMessageKind.Detached, TopicMessageKind.Resumed], Rest(queue));
    }

    [Fact]
    public async Task A_reminder_comes_only_to_a_reader_that_waits()
    {
        var queue = new MessageQueue(runsInline: null);
        var reminder = new TopicMessage { Kind = TopicMessageKind.Reminder };

        queue.TryWake(reminder);
        var before = queue.IsEmpty;
        var waiting = queue.ReadAsync(TestContext.Current.CancellationToken).AsTask();
        queue.TryWake(reminder);

        Assert.True(before);
        Assert.Equal(TopicMessageKind.Reminder, (await waiting).Kind);
    }

    private static List<TopicMessageKind> Rest(MessageQueue queue)
    {
        var kinds = new List<TopicMessageKind>();
        while (queue.TryTake(out var message))
        {
            kinds.Add(message.Kind);
        }

        return kinds;
    }
}
