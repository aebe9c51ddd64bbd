namespace Tspm.Client.Following;

/// <summary>One log among several: what it tells next, and how much of that was taken.</summary>
internal sealed class TailSource(LogTail tail, CancellationToken ct) : IAsyncDisposable
{
    private readonly IAsyncEnumerator<LogFollowEvent> _events = tail.ReadAsync(ct)
        .GetAsyncEnumerator(ct);
    private Task<bool>? _pending;
    private int _next;

    public LogTail Tail { get; } = tail;

    /// <summary>History is behind it.</summary>
    public bool IsLive { get; private set; }

    /// <summary>Nothing more comes.</summary>
    public bool IsOver { get; private set; }

    /// <summary>The capture order of what it tells next; what is not an entry comes at once.</summary>
    public ulong NextOrd =>
        _events.Current is LogBatch batch && _next < batch.Spans.Length
            ? batch.Spans[_next].Ord
            : 0;

    /// <summary>Asks for what comes next, without waiting.</summary>
    public Task Ask() => _pending ??= _events.MoveNextAsync().AsTask();

    /// <summary>Waits for what was asked for; true if there is something to take.</summary>
    public async Task<bool> LoadAsync()
    {
        _ = Ask();
        IsOver = !await _pending!.ConfigureAwait(false); // just asked
        _pending = null;
        _next = 0;
        IsLive = IsLive || IsOver || _events.Current is HistoryEnd or CaughtUp;
        return !IsOver;
    }

    /// <summary>What it tells, as far as it was captured before another log's next entry.</summary>
    /// <returns>The event, and whether that is all of it.</returns>
    public (LogFollowEvent Told, bool IsAll) Take(ulong until)
    {
        if (_events.Current is not LogBatch batch)
        {
            return (_events.Current, true);
        }

        var spans = batch.Spans;
        var first = _next;
        _next = OrdMerge.EndOf(spans, first, until);

        return (batch.Slice(first, _next - first), _next == spans.Length);
    }

    public async ValueTask DisposeAsync()
    {
        if (_pending is { } pending)
        {
            // The read was stopped before this: it ends.
            await pending
                .ContinueWith(
                    static _ => { },
                    CancellationToken.None,
                    TaskContinuationOptions.ExecuteSynchronously,
                    TaskScheduler.Default
                )
                .ConfigureAwait(false);
        }

        await _events.DisposeAsync().ConfigureAwait(false);
    }
}
