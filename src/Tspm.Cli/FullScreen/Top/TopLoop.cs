using System.Threading.Channels;
using Tspm.Cli.FullScreen.Driver;
using Tspm.Cli.FullScreen.Model;
using Tspm.Client;

namespace Tspm.Cli.FullScreen.Top;

/// <summary>Runs <c>top</c> on a terminal: a look per period, keys at once.</summary>
internal sealed class TopLoop : IDisposable
{
    private const int QueuedEvents = 64;
    private readonly TspmIpcClient _client;
    private readonly TimeSpan _period;
    private readonly TimeProvider _time = TimeProvider.System;
    private readonly CancellationTokenSource _stopping = new();

    // Full means that the loop is busy: who tells waits.
    private readonly Channel<object> _queue = Channel.CreateBounded<object>(QueuedEvents);
    private readonly ScreenSession _session;
    private readonly HostLoad _host = new();
    private TopState _state;

    /// <summary>Takes the terminal.</summary>
    public TopLoop(CliContext context, TspmIpcClient client, TopState state, TimeSpan period)
    {
        _client = client;
        _state = state;
        _period = period;
        _session = new ScreenSession(
            context,
            hasMouse: false,
            key => Post(new KeyPressed(key)),
            news => Post(news)
        );
    }

    /// <summary>Shows until the user has seen enough.</summary>
    public async Task RunAsync()
    {
        var looking = LookAsync(_stopping.Token);
        Post(ScreenNews.Resized);
        while (!_state.IsOver)
        {
            var told = await _queue.Reader.ReadAsync(_stopping.Token);
            if (!Take(told))
            {
                break;
            }

            if (!_queue.Reader.TryPeek(out _))
            {
                _session.Show(TopTable.Draw(_state));
            }
        }

        await _stopping.CancelAsync();
        await looking;
    }

    /// <summary>Dies by the signal that ended it; after it was disposed.</summary>
    public int ExitCode() => _session.ExitCode();

    /// <summary>Reads what <c>top</c> shows, once.</summary>
    /// <exception cref="TspmException">The daemon refused or is gone.</exception>
    public static async Task<ListArrived> ReadAsync(
        TspmIpcClient client,
        IReadOnlyList<string> select,
        TimeProvider time,
        CancellationToken ct
    ) => await ProcessList.ReadAsync(client, select, TopTable.SparkCells, time, ct);

    /// <summary>What is shown.</summary>
    public IReadOnlyList<string> Select { get; init; } = [];

    /// <inheritdoc/>
    public void Dispose()
    {
        _session.Dispose();
        _stopping.Dispose();
    }

    private bool Take(object told)
    {
        switch (told)
        {
            case KeyPressed { Key.Name: "Ctrl+Z" } or ScreenNews.Stopping:
                _session.Suspend();
                Resize();
                return true;
            case KeyPressed { Key.Name: "Ctrl+C" } when !_state.IsTyping:
                _session.End(2);
                return false;
            case UiEvent happened:
                _state = _state.After(happened);
                return true;
            case ScreenNews.Resized or ScreenNews.Continued:
                if (told is ScreenNews.Continued)
                {
                    _session.Continue();
                }

                Resize();
                return true;
            default:
                return false;
        }
    }

    private void Resize()
    {
        var (width, height) = ScreenSession.Size;
        _session.Forget();
        _state = _state.After(new Resized(width, height));
    }

    private async Task LookAsync(CancellationToken ct)
    {
        try
        {
            while (true)
            {
                await _queue.Writer.WriteAsync(await LookOnceAsync(ct), ct);
                var (cpu, memory) = _host.Read();
                await _queue.Writer.WriteAsync(new HostTold(cpu, memory), ct);
                await Task.Delay(_period, _time, ct);
            }
        }
        catch (OperationCanceledException) when (ct.IsCancellationRequested)
        {
            // The user has seen enough.
        }
    }

    private async Task<UiEvent> LookOnceAsync(CancellationToken ct)
    {
        try
        {
            return await ReadAsync(_client, Select, _time, ct);
        }
        catch (TspmException error) when (error.Code == Protocol.ErrorCodes.NotFound)
        {
            // What was selected is gone; it may come back.
            return new ListArrived([], _time.GetTimestamp() * 1000 / _time.TimestampFrequency);
        }
        catch (TspmException)
        {
            // The client connects again by itself.
            return new ConnectionMoved(IsUp: false, HasDaemonChanged: false);
        }
    }

    private void Post(object told)
    {
        while (!_queue.Writer.TryWrite(told) && !_stopping.IsCancellationRequested)
        {
            _ = _stopping.Token.WaitHandle.WaitOne(1);
        }
    }
}
