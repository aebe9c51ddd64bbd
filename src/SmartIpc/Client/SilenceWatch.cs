namespace SmartIpc.Client;

/// <summary>Notices that a connection has gone silent: has it pinged, and dropped when no answer comes.</summary>
/// <remarks>One timer, looked at when it fires; a frame that comes only moves a time stamp.</remarks>
internal sealed class SilenceWatch : IAsyncDisposable
{
    private readonly IpcClientOptions _options;
    private readonly Func<ClientLink?> _getLink;
    private readonly Action<ConnectionEventKind> _tell;
    private readonly ITimer _timer;
    private bool _isPinged;

    public SilenceWatch(
        IpcClientOptions options,
        Func<ClientLink?> getLink,
        Action<ConnectionEventKind> tell
    )
    {
        _options = options;
        _getLink = getLink;
        _tell = tell;
        _timer = options.TimeProvider.CreateTimer(
            static state => ((SilenceWatch)state!).Check(), // The state is this.
            this,
            Timeout.InfiniteTimeSpan,
            Timeout.InfiniteTimeSpan
        );
    }

    /// <summary>Begins anew with a new connection.</summary>
    public void Start()
    {
        Volatile.Write(ref _isPinged, false);
        Rearm(_options.SilenceTimeout);
    }

    public ValueTask DisposeAsync() => _timer.DisposeAsync();

    private void Check()
    {
        if (_getLink() is not { } link)
        {
            return;
        }

        var silence = _options.TimeProvider.GetElapsedTime(link.HeardAt);
        if (silence < _options.SilenceTimeout)
        {
            Volatile.Write(ref _isPinged, false);
            Rearm(_options.SilenceTimeout - silence);
        }
        else if (!Volatile.Read(ref _isPinged))
        {
            Volatile.Write(ref _isPinged, true);
            _tell(ConnectionEventKind.Silent);
            Rearm(_options.PongTimeout);
        }
        else
        {
            _tell(ConnectionEventKind.PongMissing);
        }
    }

    private void Rearm(TimeSpan due)
    {
        try
        {
            _timer.Change(due, Timeout.InfiniteTimeSpan);
        }
        catch (ObjectDisposedException)
        {
            // The client was disposed just now.
        }
    }
}
