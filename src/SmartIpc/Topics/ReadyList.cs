namespace SmartIpc.Topics;

/// <summary>The subscriptions that were woken and not looked at yet; any thread pushes, the pump takes all.</summary>
/// <remarks>
/// No lock and no allocation: a linked stack through the items. An item is pushed only by whoever turned its woken
/// flag on, so it is in the list at most once.
/// </remarks>
internal sealed class ReadyList
{
    private Subscription? _top;

    public void Push(Subscription item)
    {
        var top = Volatile.Read(ref _top);
        while (true)
        {
            item.NextReady = top;
            var seen = Interlocked.CompareExchange(ref _top, item, top);
            if (ReferenceEquals(seen, top))
            {
                return;
            }

            top = seen;
        }
    }

    /// <summary>Moves all to the end of the queue, the longest woken first.</summary>
    public void TakeInto(Queue<Subscription> queue)
    {
        if (Volatile.Read(ref _top) is null)
        {
            return;
        }

        Subscription? reversed = null;
        var item = Interlocked.Exchange(ref _top, null);
        while (item is not null)
        {
            var next = item.NextReady;
            item.NextReady = reversed;
            reversed = item;
            item = next;
        }

        while (reversed is not null)
        {
            var next = reversed.NextReady;
            reversed.NextReady = null;
            queue.Enqueue(reversed);
            reversed = next;
        }
    }
}
