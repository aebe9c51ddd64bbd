namespace Tspm.Client.Following;

/// <summary>All logs of a follower share one connection: its loss and its return are told once.</summary>
internal sealed class ConnectionNews
{
    private long _lastLost;
    private bool _isLost;

    /// <summary>False for a connection change that another log has told.</summary>
    public bool IsNews(LogFollowEvent told)
    {
        if (told is not ConnectionChanged change)
        {
            return true;
        }

        var isNews = change.IsUp ? _isLost : change.Connection > _lastLost;
        _isLost = isNews ? !change.IsUp : _isLost;
        _lastLost = change.IsUp ? _lastLost : Math.Max(_lastLost, change.Connection);
        return isNews;
    }
}
