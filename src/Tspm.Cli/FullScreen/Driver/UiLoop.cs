using System.Text;
using System.Threading.Channels;
using SmartIpc.Client;
using Tspm.Cli.FullScreen.Model;
using Tspm.Cli.FullScreen.View;
using Tspm.Client;

namespace Tspm.Cli.FullScreen.Driver;

/// <summary>Runs the full-screen view: takes events one after the other, has effects done, paints at most 60 times a second.</summary>
/// <remarks>
/// One loop owns the state. Everything else, keys, pages, the list, signals, comes through one bounded queue; when it is
/// full, who tells waits.
/// </remarks>
internal sealed class UiLoop : IAsyncDisposable
{
    private const int QueuedEvents = 256;
    private static readonly TimeSpan Frame = TimeSpan.FromMilliseconds(1000.0 / 60);
    private static readonly TimeSpan ListPeriod = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan StatusPeriod = TimeSpan.FromSeconds(10);
    private readonly CliContext _context;
    private readonly TspmIpcClient _client;
    private readonly LogPages _pages;
    private readonly TimeProvider _time = TimeProvider.System;
    private readonly CancellationTokenSource _stopping = new();
    private readonly Channel<object> _queue = Channel.CreateBounded<object>(QueuedEvents);
    private readonly Dictionary<LogPlace, (CancellationTokenSource Stop, Task Task)> _watches = [];
    private readonly List<Task> _work = [];
    private readonly ScreenSession _session;
    private readonly HostLoad _host = new();
    private UiState _state;
    private bool _isOver;
    private bool _isDirty = true;

    /// <summary>Takes the terminal.</summary>
    public UiLoop(CliContext context, TspmIpcClient client, UiState state, bool hasMouse)
    {
        _context = context;
        _client = client;
        _state = state;
        _pages = new LogPages(client);
        _session = new ScreenSession(
            context,
            hasMouse,
            key => PostAndWait(new KeyPressed(key)),
            news => PostAndWait(news)
        );
    }

    /// <summary>Runs until the user has seen enough.</summary>
    /// <returns>The signal to die by; 0 if none.</returns>
    public async Task<int> RunAsync()
    {
        Apply(Sized());
        _work.Add(ListLoopAsync(_stopping.Token));
        _work.Add(ChangesLoopAsync(_stopping.Token));
        var painted = _time.GetTimestamp() - _time.TimestampFrequency;
        while (!_isOver)
        {
            if (_isDirty && await FrameIsDueAsync(painted))
            {
                _isDirty = false;
                painted = _time.GetTimestamp();
                _session.Show(UiView.Draw(_state));
            }

            if (!_isDirty && !await _queue.Reader.WaitToReadAsync(_stopping.Token))
            {
                break;
            }

            for (
                var i = 0;
                i < QueuedEvents && !_isOver && _queue.Reader.TryRead(out var told);
                i++
            )
            {
                Take(told);
            }

            _work.RemoveAll(task => task.IsCompletedSuccessfully);
        }

        return _session.Signal;
    }

    /// <summary>Gives the terminal back and ends what still runs.</summary>
    public async ValueTask DisposeAsync()
    {
        _session.Dispose();
        await _stopping.CancelAsync();
        _queue.Writer.TryComplete();
        foreach (var (stop, task) in _watches.Values)
        {
            _work.Add(task);
            stop.Dispose();
        }

        try
        {
            await Task.WhenAll(_work);
        }
        catch (OperationCanceledException) when (_stopping.IsCancellationRequested)
        {
            // That is how they end.
        }
        catch (ChannelClosedException)
        {
            // The same, of one that had something to tell.
        }

        _stopping.Dispose();
    }

    /// <summary>Dies by the signal that ended the view; after it was disposed.</summary>
    public int ExitCode() => _session.ExitCode();

    // True when a frame has gone by since the last picture; false if something came first.
    private async Task<bool> FrameIsDueAsync(long painted)
    {
        var left = Frame - _time.GetElapsedTime(painted);
        if (left <= TimeSpan.Zero)
        {
            return true;
        }

        using var either = CancellationTokenSource.CreateLinkedTokenSource(_stopping.Token);
        var pause = Task.Delay(left, _time, either.Token);
        var more = _queue.Reader.WaitToReadAsync(either.Token).AsTask();
        var first = await Task.WhenAny(pause, more);
        await either.CancelAsync();
        return first == pause;
    }

    private void Take(object told)
    {
        switch (told)
        {
            case UiEvent happened:
                Apply(happened);
                break;
            case ScreenNews.Resized:
                Apply(Sized());
                _session.Forget();
                break;
            case ScreenNews.Stopping:
                _session.Suspend();
                Apply(Sized());
                break;
            case ScreenNews.Continued:
                _session.Continue();
                Apply(Sized());
                break;
            default:
                _isOver = true;
                break;
        }
    }

    private static Resized Sized()
    {
        var (width, height) = ScreenSession.Size;
        return new Resized(width, height);
    }

    private void Apply(UiEvent happened)
    {
        var effects = new List<UiEffect>();
        _state = UiModel.Update(_state, happened, effects);
        _isDirty = true;
        effects.ForEach(Do);
        WatchShown();
    }

    private void Do(UiEffect effect)
    {
        switch (effect)
        {
            case FetchPage fetch:
                _work.Add(FetchAsync(fetch, _stopping.Token));
                break;
            case FetchPlace place:
                _work.Add(SeekAsync(place, _stopping.Token));
                break;
            case Search search:
                _work.Add(FindAsync(search, _stopping.Token));
                break;
            case Act act:
                _work.Add(ActAsync(act, _stopping.Token));
                break;
            case Copy copy:
                var text = Convert.ToBase64String(Encoding.UTF8.GetBytes(copy.Text));
                _session.Send(Encoding.ASCII.GetBytes($"\e]52;c;{text}\a"));
                break;
            case RunOutside run:
                _session.LendTo(() => OutsideCommand.Run(run, _context.Home.Root, SayOutside));
                Apply(Sized());
                break;
            case Suspend:
                _session.Suspend();
                Apply(Sized());
                break;
            case Quit quit:
                if (quit.IsInterrupt)
                {
                    _session.End(2);
                }

                _isOver = true;
                break;
            case Repaint:
                _session.Forget();
                break;
            default:
                break;
        }
    }

    private void SayOutside(string text)
    {
        _context.PrintLine(text);
        _context.Output.Flush();
    }

    /// <summary>Hears of the growth of the logs that are shown, and of no others.</summary>
    private void WatchShown()
    {
        var shown = LogModel.PlacesOf(_state).ToHashSet();
        foreach (var gone in _watches.Keys.Where(log => !shown.Contains(log)).ToList())
        {
            _watches.Remove(gone, out var watch);
            watch.Stop.Cancel();
            _work.Add(EndWatchAsync(watch.Stop, watch.Task));
        }

        foreach (var log in shown.Where(log => !_watches.ContainsKey(log)))
        {
            var stop = CancellationTokenSource.CreateLinkedTokenSource(_stopping.Token);
            _watches[log] = (stop, WatchAsync(log, stop.Token));
        }
    }

    private static async Task EndWatchAsync(CancellationTokenSource stop, Task watch)
    {
        await watch;
        stop.Dispose();
    }

    private async Task WatchAsync(LogPlace log, CancellationToken ct)
    {
        try
        {
            await LogWatch.RunAsync(_client, log, TellAsync, ct);
        }
        catch (Exception error) when (error is OperationCanceledException or ChannelClosedException)
        {
            // Not shown any more, or the view ends.
        }
    }

    private async Task FetchAsync(FetchPage fetch, CancellationToken ct)
    {
        try
        {
            var page = await _pages.ReadAsync(fetch, ct);
            await TellAsync(new PageArrived(fetch.Generation, fetch.Kind, page), ct);
        }
        catch (TspmException error)
        {
            await TellAsync(new PageFailed(fetch.Generation, fetch.Log.Id, error.Message), ct);
        }
    }

    private async Task SeekAsync(FetchPlace place, CancellationToken ct)
    {
        try
        {
            await TellAsync(await _pages.ReadAsync(place, ct), ct);
        }
        catch (TspmException error)
        {
            await TellAsync(new PageFailed(place.Generation, place.Target.Id, error.Message), ct);
        }
    }

    private async Task FindAsync(Search search, CancellationToken ct)
    {
        try
        {
            await TellAsync(await _pages.FindAsync(search, ct), ct);
        }
        catch (TspmException error)
        {
            await TellAsync(new PageFailed(search.Generation, 0, error.Message), ct);
        }
    }

    private async Task ActAsync(Act act, CancellationToken ct)
    {
        try
        {
            await TellAsync(await ProcessDoer.DoAsync(_client, act, ct), ct);
        }
        catch (TspmException error)
        {
            await TellAsync(new Told($"{act.Name}: {error.Message}", IsError: true), ct);
        }

        await ReadListAsync(ct);
    }

    private async Task ListLoopAsync(CancellationToken ct)
    {
        var asked = _time.GetTimestamp() - (_time.TimestampFrequency * 60);
        while (true)
        {
            await ReadListAsync(ct);
            if (_time.GetElapsedTime(asked) > StatusPeriod)
            {
                asked = _time.GetTimestamp();
                await ReadStatusAsync(ct);
            }

            var (cpu, memory) = _host.Read();
            await TellAsync(new HostTold(cpu, memory), ct);
            await Task.Delay(ListPeriod, _time, ct);
        }
    }

    private async Task ReadListAsync(CancellationToken ct)
    {
        try
        {
            await TellAsync(
                await ProcessList.ReadWithLogsAsync(_client, [], ListPane.SparkCells, _time, ct),
                ct
            );
        }
        catch (TspmException)
        {
            // The lost connection is told by the subscription; the list stays as it was.
        }
    }

    private async Task ReadStatusAsync(CancellationToken ct)
    {
        try
        {
            await TellAsync(new DaemonTold(await _client.GetStatusAsync(ct)), ct);
        }
        catch (TspmException)
        {
            // As above.
        }
    }

    /// <summary>Hears of processes that are made and deleted, and of the connection.</summary>
    private async Task ChangesLoopAsync(CancellationToken ct)
    {
        await using var changes = _client.SubscribeProcesses();
        while (true)
        {
            using var message = await changes.ReadAsync(ct);
            switch (message.Kind)
            {
                case TopicMessageKind.Detached:
                    await TellAsync(new ConnectionMoved(IsUp: false, false), ct);
                    break;
                case TopicMessageKind.Resumed:
                    await TellAsync(new ConnectionMoved(IsUp: true, message.HasDaemonChanged), ct);
                    await ReadStatusAsync(ct);
                    await ReadListAsync(ct);
                    break;
                case TopicMessageKind.Batch:
                    await ReadListAsync(ct);
                    break;
                case TopicMessageKind.Ended or TopicMessageKind.Refused:
                    await TellAsync(
                        new Told($"the connection ended: {message.Reason}", IsError: true),
                        ct
                    );
                    return;
                default:
                    break;
            }
        }
    }

    private ValueTask TellAsync(UiEvent told, CancellationToken ct) =>
        _queue.Writer.WriteAsync(told, ct);

    // For threads that may wait.
    private void PostAndWait(object told)
    {
        while (!_queue.Writer.TryWrite(told))
        {
            if (_stopping.IsCancellationRequested || _queue.Reader.Completion.IsCompleted)
            {
                return;
            }

            _ = _stopping.Token.WaitHandle.WaitOne(1);
        }
    }
}
