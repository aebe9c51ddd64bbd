using SmartIpc.Connections;
using SmartIpc.Framing;

namespace SmartIpc.Topics;

/// <summary>The subscriptions of one connection and whose turn it is.</summary>
/// <remarks>The receive loop adds and finds; the pump takes turns and removes; others read facts.</remarks>
internal sealed class SubscriptionTable(
    Action signal,
    IpcServerOptions options,
    SubscriptionLimits limits
) : IDisposable
{
    private const int KeptFrameBytes = 16 * 1024;

    // Guards _byId.
    private readonly Lock _gate = new();
    private readonly Dictionary<uint, Subscription> _byId = [];
    private readonly ReadyList _ready = new();

    // Holds each subscription of the connection at most once.
    private readonly Queue<Subscription> _turns = new();

    // For the pump: one batch is in flight per connection.
    private readonly TopicFrame _frame = new(options.MaxBatchBytes + options.BatchHeadroomBytes);

    /// <summary>Makes a subscription that is known at once and silent until it is opened.</summary>
    /// <exception cref="ProtocolViolationException">The id is in use by the same or a later generation.</exception>
    public Subscription? Add(uint id, SubscribeText text)
    {
        Subscription? replaced;
        Subscription added;
        lock (_gate)
        {
            if (_byId.TryGetValue(id, out replaced) && replaced.Gen >= text.Gen)
            {
                throw new ProtocolViolationException(
                    $"Subscription {id} has generation {replaced.Gen} already."
                );
            }

            if (!limits.TryTake())
            {
                return null;
            }

            added = new Subscription(id, text.Gen, text.Topic, text.Credit, _ready, signal, limits)
            {
                AfterIdleSeam = options.AfterIdleSeam,
            };
            _byId[id] = added;
        }

        replaced?.Leave(answer: false);
        return added;
    }

    /// <summary>Takes back a subscription that could not be opened.</summary>
    public void Withdraw(Subscription subscription)
    {
        subscription.Release();
        Remove(subscription);
    }

    public Subscription? Find(uint id)
    {
        lock (_gate)
        {
            return _byId.GetValueOrDefault(id);
        }
    }

    public void RemindSince(long timestamp)
    {
        lock (_gate)
        {
            foreach (var subscription in _byId.Values)
            {
                subscription.RemindSince(timestamp);
            }
        }
    }

    public IReadOnlyList<SubscriptionFacts> GetFacts()
    {
        lock (_gate)
        {
            var facts = new List<SubscriptionFacts>(_byId.Count);
            foreach (var subscription in _byId.Values)
            {
                facts.Add(subscription.GetFacts());
            }

            return facts;
        }
    }

    /// <summary>Gives the next frame, one subscription after the other. For the pump only.</summary>
    public bool TryFill(long now, IIpcObserver observer, out FrameBuffer frame)
    {
        frame = _frame;
        _ready.TakeInto(_turns);
        while (_turns.TryDequeue(out var subscription))
        {
            bool isFilled;
            try
            {
                isFilled = subscription.TryTakeTurn(_frame, now);
            }
            catch (Exception e)
            {
                // The topic's fault, and only this subscription pays for it.
                observer.OnTopicFailed(subscription.Topic, e);
                subscription.Fail(_frame);
                isFilled = true;
            }

            if (subscription.IsGone)
            {
                Remove(subscription);
            }
            else if (isFilled && subscription.TryRequeue())
            {
                _turns.Enqueue(subscription);
            }

            if (isFilled)
            {
                return true;
            }

            _ready.TakeInto(_turns);
        }

        return false;
    }

    /// <summary>Lets go of a frame that has grown. For the pump only.</summary>
    public void ReleaseMemory()
    {
        if (_frame.Capacity > KeptFrameBytes)
        {
            _frame.Release();
        }
    }

    /// <summary>Closes all cursors, when the pump and the receive loop have ended.</summary>
    public void Dispose()
    {
        List<Subscription> all;
        lock (_gate)
        {
            all = [.. _byId.Values];
            _byId.Clear();
        }

        // One that was replaced and has not had its turn is only in these two.
        _ready.TakeInto(_turns);
        all.AddRange(_turns);
        _turns.Clear();
        foreach (var subscription in all)
        {
            subscription.Release();
        }

        _frame.Dispose();
    }

    private void Remove(Subscription subscription)
    {
        lock (_gate)
        {
            if (
                _byId.TryGetValue(subscription.Id, out var current)
                && ReferenceEquals(current, subscription)
            )
            {
                _byId.Remove(subscription.Id);
            }
        }
    }
}
