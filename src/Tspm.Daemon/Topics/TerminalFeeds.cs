using SmartIpc.Topics;
using Tspm.CaptureLog;

namespace Tspm.Daemon.Topics;

/// <summary>Who is to be woken when a process has printed something; empty nearly always.</summary>
/// <remarks>Any thread; asked by the ingest thread for every chunk, which costs one read of a field when nobody is attached.</remarks>
internal sealed class TerminalFeeds
{
    private readonly Lock _gate = new();

    // Replaced under _gate, never changed in place.
    private volatile Dictionary<uint, ISubscriptionWaker[]> _wakers = [];

    /// <summary>Somebody attaches.</summary>
    public void Add(uint process, ISubscriptionWaker waker)
    {
        lock (_gate)
        {
            _wakers = new Dictionary<uint, ISubscriptionWaker[]>(_wakers)
            {
                [process] = [.. _wakers.GetValueOrDefault(process) ?? [], waker],
            };
        }
    }

    /// <summary>Somebody leaves.</summary>
    public void Remove(uint process, ISubscriptionWaker waker)
    {
        lock (_gate)
        {
            var left = (_wakers.GetValueOrDefault(process) ?? [])
                .Where(known => known != waker)
                .ToArray();
            var wakers = new Dictionary<uint, ISubscriptionWaker[]>(_wakers);
            if (left.Length == 0)
            {
                wakers.Remove(process);
            }
            else
            {
                wakers[process] = left;
            }

            _wakers = wakers;
        }
    }

    /// <summary>The keeper has moved bytes.</summary>
    public void OnChunk(in JournalRecord record)
    {
        var wakers = _wakers;
        if (wakers.Count == 0 || !wakers.TryGetValue(record.Process, out var interested))
        {
            return;
        }

        foreach (var waker in interested)
        {
            waker.Wake();
        }
    }
}
