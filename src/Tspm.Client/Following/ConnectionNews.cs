namespace Tspm.Client.Following;

/// <summary>All logs of a follower share one connection: its loss is told with the first of them, its return when all have said what they are worth.</summary>
internal sealed class ConnectionNews
{
    // Logs that told the loss and not the return.
    private readonly HashSet<uint> _away = [];
    private long _lastLost;
    private bool _isLost;
    private ConnectionChanged? _back;

    /// <summary>What of an event is told, and what is told because of it.</summary>
    public IEnumerable<LogFollowEvent> Pass(LogFollowEvent told)
    {
        switch (told)
        {
            case ConnectionChanged { IsUp: false } lost:
                if (TakeLoss(lost))
                {
                    yield return lost;
                }

                break;
            case ConnectionChanged back:
                _back = Join(back);
                _away.Remove(back.Log?.Id ?? 0);
                break;
            case LogEnded ended:
                _away.Remove(ended.Log.Id);
                yield return ended;
                break;
            default:
                yield return told;
                break;
        }

        if (_isLost && _away.Count == 0 && _back is { } all)
        {
            (_isLost, _back) = (false, null);
            yield return all;
        }
    }

    private bool TakeLoss(ConnectionChanged lost)
    {
        var isNews = lost.Connection > _lastLost;
        if (isNews)
        {
            (_lastLost, _isLost, _back) = (lost.Connection, true, null);
            _away.Clear();
        }

        if (_isLost && lost.Connection == _lastLost)
        {
            _away.Add(lost.Log?.Id ?? 0);
        }

        return isNews;
    }

    private ConnectionChanged Join(ConnectionChanged back) =>
        new(
            isUp: true,
            back.HasDaemonChanged || _back is { HasDaemonChanged: true },
            back.Reason,
            back.Connection,
            back.MissesSome || _back is { MissesSome: true }
        );
}
