using System.Collections.Concurrent;
using System.Diagnostics;
using Microsoft.Extensions.Logging;
using Microsoft.Win32.SafeHandles;
using SmartIpc.Connections;
using Tspm.CaptureLog;
using Tspm.Daemon.Interop;
using Tspm.Daemon.Logging;
using Tspm.Logs;
using Tspm.Logs.Retention;

namespace Tspm.Daemon.Ingest;

/// <summary>The one thread that numbers: sleeps on the wake pipe, turns the ingest, and does what others ask of the logs.</summary>
internal sealed class IngestThread : IDisposable
{
    private const int MaxOrders = 65_536;
    private const int RetryMilliseconds = 500;
    private readonly HomePaths _home;
    private readonly LogIngest _ingest;
    private readonly ILogger _log;
    private readonly WakePage _page;
    private readonly SafeFileHandle _wake;
    private readonly Thread _thread;

    // Full means a client floods commands: the order is refused, and so is the command.
    private readonly ConcurrentQueue<Action> _orders = new();
    private readonly TaskCompletionSource _caughtUp = new(
        TaskCreationOptions.RunContinuationsAsynchronously
    );
    private readonly TaskCompletionSource _ended = new(
        TaskCreationOptions.RunContinuationsAsynchronously
    );
    private volatile bool _isStopping;

    // The thread's own: those who wait until nothing more is to be read, and the connections it serves before it sleeps.
    private readonly List<TaskCompletionSource> _readers = [];
    private readonly HeldPumps _pumps = new();

    /// <summary>Opens the wake pipe and page; the keeper has made them.</summary>
    public IngestThread(HomePaths home, LogIngest ingest, ILogger log)
    {
        _home = home;
        _ingest = ingest;
        _log = log;
        _page = WakePage.Open(home.WakePage);
        // Read and write, so that its end is never seen and this side can wake itself.
        _wake = LibC.OpenPipe(home.WakePipe);
        if (_wake.IsInvalid)
        {
            throw new IOException($"{home.WakePipe} cannot be opened");
        }

        _ingest.Ending = _pumps.Hold;
        _ingest.JournalEnd = () => _page.JournalEnd;
        _thread = new Thread(Run) { IsBackground = true, Name = "ingest" };
    }

    /// <summary>Ends when everything that was in the journal at the start is in the logs.</summary>
    public Task CaughtUp => _caughtUp.Task;

    /// <summary>Ends with the thread; fails if it failed.</summary>
    public Task Ended => _ended.Task;

    /// <summary>The next ord to read.</summary>
    public ulong Position => _ingest.Position;

    /// <summary>Starts the thread.</summary>
    public void Start() => _thread.Start();

    /// <summary>Has something done on the ingest thread, between two turns.</summary>
    /// <exception cref="InvalidOperationException">Too many orders wait, or the thread has ended.</exception>
    public Task DoAsync(Action order)
    {
        if (_orders.Count >= MaxOrders || _ended.Task.IsCompleted)
        {
            throw new InvalidOperationException("the ingest thread takes no more orders");
        }

        var done = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        _orders.Enqueue(() =>
        {
            try
            {
                order();
                done.SetResult();
            }
            catch (IOException error)
            {
                done.SetException(error);
            }
        });
        WakeUp();
        return done.Task;
    }

    /// <summary>Ends when everything that is in the journal now is in the logs.</summary>
    public Task ReadUpAsync()
    {
        var done = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        _orders.Enqueue(() => _readers.Add(done));
        WakeUp();
        return Task.WhenAny(done.Task, _ended.Task);
    }

    /// <summary>Appends a life-cycle entry to a log, after everything that was read before.</summary>
    public Task AppendEventAsync(LogWriter log, uint run, byte[] payload, ulong ord = 0)
    {
        return DoAsync(() =>
        {
            Append(log, run, payload, ord);
            try
            {
                _ingest.Commit(log);
            }
            catch (IOException error)
            {
                // It has its place in the log: the next turn commits it.
                DaemonLog.IndexRefused(_log, error.Message);
            }
        });
    }

    /// <summary>The same, from the ingest thread itself.</summary>
    public void Append(LogWriter log, uint run, byte[] payload, ulong ord)
    {
        var place = ord != 0 ? ord : _ingest.PlaceOf(log);
        var wall = (TimeProvider.System.GetUtcNow() - DateTimeOffset.UnixEpoch).Ticks;
        log.AppendEvent(run, payload, place, wall, Stopwatch.GetTimestamp());
    }

    /// <summary>Retention has taken files of a log: its index tells so, then its own files that are below go. Any thread.</summary>
    public void Expire(LogExpiry expiry)
    {
        if (_ended.Task.IsCompleted)
        {
            return;
        }

        _orders.Enqueue(() =>
        {
            try
            {
                expiry.Writer.AppendExpiry(expiry.ExpiredTo);
                _ingest.Commit(expiry.Writer);
                CrashPoint.Pass(CrashPoint.AfterRetention);
                expiry.Writer.DeleteExpiredIndex();
            }
            catch (IOException error)
            {
                // The files are gone all the same, and readers are told by what is left of them.
                DaemonLog.RetentionFailed(_log, error.Message);
            }
        });
        WakeUp();
    }

    /// <summary>Takes entries of a log from the disk; their numbers stay. Any thread.</summary>
    /// <returns>Bytes that went.</returns>
    /// <exception cref="IOException">The disk refused.</exception>
    public async Task<long> FlushAsync(LogWriter log, long upTo)
    {
        await DoAsync(() =>
        {
            var wall = (TimeProvider.System.GetUtcNow() - DateTimeOffset.UnixEpoch).Ticks;
            log.AppendFlush(upTo, wall, Stopwatch.GetTimestamp());
            _ingest.Commit(log);
        });
        return LogFlush.Free(log, upTo) + log.DeleteExpiredIndex();
    }

    /// <summary>Stops after everything that is in the journal now is in the logs.</summary>
    public async Task StopAsync()
    {
        _isStopping = true;
        WakeUp();
        await _ended.Task;
    }

    /// <summary>Waits until the indexes are on the device and deletes the journal that nobody needs; any thread.</summary>
    public void SyncAndForget()
    {
        try
        {
            _ingest.SyncAndForget(_home, _ingest.Consumed);
        }
        catch (IOException error)
        {
            DaemonLog.SyncFailed(_log, error.Message);
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _wake.Dispose();
        _page.Dispose();
        _ingest.Dispose();
    }

    private void WakeUp() => LibC.WriteByte(_wake);

    private void Run()
    {
        try
        {
            while (Turn())
            {
                // All is in Turn.
            }

            _ingest.CloseAll();
            _ended.SetResult();
        }
        catch (Exception error)
        {
            DaemonLog.IngestFailed(_log, error);
            _pumps.HandOver();
            _ended.SetException(error);
            _caughtUp.TrySetException(error);
        }
    }

    private bool Turn()
    {
        while (_orders.TryDequeue(out var order))
        {
            order();
        }

        IngestTurn turn;
        var before = _ingest.Position;
        try
        {
            turn = _ingest.Turn(Stopwatch.GetTimestamp());
            _page.Consumed = _ingest.Consumed;
        }
        catch (IOException error)
        {
            DaemonLog.IndexRefused(_log, error.Message);
            _pumps.HandOver();
            LibC.WaitReadable(_wake, RetryMilliseconds);
            return !_isStopping;
        }

        _pumps.Run();

        // A turn ends with a file of the journal; the next keeper's file may come after it.
        var mustSeeEnd = _isStopping || !_caughtUp.Task.IsCompleted || _readers.Count > 0;
        if (turn.HasMore || (mustSeeEnd && _ingest.Position != before))
        {
            return true;
        }

        _caughtUp.TrySetResult();
        _readers.ForEach(reader => reader.SetResult());
        _readers.Clear();
        if (_isStopping && _orders.IsEmpty)
        {
            return false;
        }

        Sleep(turn.Deadline);
        return true;
    }

    private void Sleep(long deadline)
    {
        if (!_page.TryArm(_ingest.Position) || !_orders.IsEmpty)
        {
            _page.Disarm();
            return;
        }

        var milliseconds = -1;
        if (deadline != long.MaxValue)
        {
            var left = Math.Max(0, deadline - Stopwatch.GetTimestamp());
            milliseconds = (int)Math.Min(int.MaxValue, (left + 999_999) / 1_000_000);
        }

        if (LibC.WaitReadable(_wake, milliseconds))
        {
            LibC.Drain(_wake);
        }

        _page.Disarm();
    }
}
