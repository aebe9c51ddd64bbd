using System.Collections.Concurrent;
using System.Runtime.InteropServices;
using Tspm.CaptureLog;
using Tspm.Keeper.Interop;
using Tspm.Keeper.Journal;

namespace Tspm.Keeper.Capture;

/// <summary>Moves bytes from pipes to data files, and tells the journal.</summary>
/// <remarks>
/// Splice, because a killed reader must lose nothing: at every moment a byte is in the pipe or in the file.
/// Nothing is allocated and nothing is parsed in the loop. The first byte after silence goes at once; a busy
/// stream is then taken by timer, at most every millisecond (half of one while it is a few lines that wait, since then their
/// latency counts and not the calls), and never later than its rate needs to fill a quarter of its pipe.
/// </remarks>
internal sealed unsafe class CaptureThread : IDisposable
{
    private const long Millisecond = 1_000_000;
    private const long FewBytes = 4096;
    private const long RetryAfter = 100 * Millisecond;
    private const long ShrinkAfter = 5_000 * Millisecond;
    private const ulong OrderTag = 0;
    private readonly TurnRecords _turnRecords;
    private readonly StreamMover _mover;
    private readonly FileCare _care;
    private readonly SyncThread _sync;
    private readonly PipeAllowance _allowance;
    private readonly KeeperLog _log;
    private readonly Epoll _epoll = new();
    private readonly int _orderSignal;

    // Full cannot happen: the control thread is the only one that orders, and it waits for each.
    private readonly ConcurrentQueue<Action> _orders = new();
    private readonly Dictionary<ulong, CapturedStream> _streams = [];
    private readonly List<CapturedStream> _timed = [];
    private int _timedAt;
    private readonly EpollEvent[] _events = new EpollEvent[128];
    private readonly ManualResetEventSlim _goOn = new();
    private readonly Thread _thread;
    private ulong _nextTag = 1;
    private volatile bool _isStopping;

    /// <summary>Makes a thread that is not started.</summary>
    public CaptureThread(
        JournalWriter journal,
        SyncThread sync,
        PipeAllowance allowance,
        KeeperLog log
    )
    {
        _turnRecords = new TurnRecords(journal, log);
        var room = new RoomMaker(_turnRecords, log);
        _care = new FileCare(_turnRecords, sync, room, log);
        _mover = new StreamMover(_turnRecords, sync, _care, room);
        _sync = sync;
        _allowance = allowance;
        _log = log;
        _orderSignal = LibC.eventfd(0, LibC.CloseOnExec | LibC.NonBlock);
        _epoll.Add(_orderSignal, Epoll.In, OrderTag);
        _thread = new Thread(Run) { IsBackground = true, Name = "capture" };
    }

    /// <summary>Starts the thread.</summary>
    public void Start() => _thread.Start();

    /// <summary>From now on this thread owns the stream.</summary>
    public void Add(CapturedStream stream) =>
        Order(() =>
        {
            stream.Tag = _nextTag++;
            _streams.Add(stream.Tag, stream);
            _care.Take(stream, JournalWriter.Now);
            if (!_epoll.Add(stream.Descriptor, Epoll.In, stream.Tag))
            {
                _log.Write(
                    2100,
                    $"{stream.PipePath}: cannot be watched: {Marshal.GetPInvokeErrorMessage(LibC.LastError)}"
                );
            }

            if (stream.MustProbe)
            {
                _allowance.Adopt(stream);
                Turn(stream, JournalWriter.Now);
                _turnRecords.Write();
            }
        });

    /// <summary>A second descriptor of a stream, for the daemon; −1 if it has ended.</summary>
    public int Lend(CapturedStream stream)
    {
        var descriptor = -1;
        Order(() => descriptor = stream.HasEnded ? -1 : LibC.Duplicate(stream.Descriptor));
        return descriptor;
    }

    /// <summary>Takes what the pipe holds; if it is still open then, its bytes go on in a stream of its run's own.</summary>
    /// <returns>True if it was still open.</returns>
    public bool LeaveToOrphan(CapturedStream stream)
    {
        var wasOpen = false;
        Order(() =>
        {
            TakeAll(stream);
            wasOpen = !stream.HasEnded;
            if (wasOpen && !stream.Flags.HasFlag(JournalFlags.Orphan))
            {
                var end = stream.NewRecord(JournalRecordKind.StreamEnd);
                end.A = stream.Target.End;
                end.B = 2;
                _turnRecords.Add(end);
                stream.Target = DataFileWriter.Open(
                    new StreamName(stream.Kind, stream.Run),
                    stream.Target.Files
                );
                _sync.Add(stream.Target);
                CrashPoint.Pass(CrashPoint.InOrphan);
                stream.Flags |= JournalFlags.Orphan;
            }

            _turnRecords.Write();
        });
        return wasOpen;
    }

    /// <summary>Stands still between two turns, with everything journaled that was moved, until <see cref="Resume"/>.</summary>
    public void Pause()
    {
        using var stands = new ManualResetEventSlim();
        _goOn.Reset();
        _orders.Enqueue(() =>
        {
            _turnRecords.Write();
            stands.Set();
            _goOn.Wait();
        });
        Signal();
        stands.Wait();
    }

    /// <summary>Goes on after <see cref="Pause"/>.</summary>
    public void Resume() => _goOn.Set();

    /// <summary>Ends the thread after it has taken what the pipes hold.</summary>
    public void Stop()
    {
        if (!_thread.IsAlive)
        {
            return;
        }

        Order(() =>
        {
            foreach (var stream in _streams.Values.ToArray())
            {
                TakeAll(stream);
            }

            _turnRecords.Write();
        });
        _isStopping = true;
        Signal();
        _thread.Join();
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _epoll.Dispose();
        LibC.close(_orderSignal);
        _goOn.Dispose();
        _turnRecords.Dispose();
        _mover.Dispose();
    }

    /// <summary>Has something done on the thread, between two turns, and waits for it.</summary>
    internal void Order(Action order)
    {
        using var done = new ManualResetEventSlim();
        _orders.Enqueue(() =>
        {
            order();
            done.Set();
        });
        Signal();
        done.Wait();
    }

    private void Signal()
    {
        ulong one = 1;
        _ = LibC.write(_orderSignal, (byte*)&one, sizeof(ulong));
    }

    private void Run()
    {
        while (!_isStopping)
        {
            var count = _epoll.Wait(_events, NextWait());
            var hasOrders = false;
            for (var i = 0; i < count; i++)
            {
                var tag = _events[i].Tag;
                hasOrders |= tag == OrderTag;
                if (tag != OrderTag && _streams.TryGetValue(tag, out var stream))
                {
                    OnReadable(stream, (_events[i].Events & (Epoll.HangUp | Epoll.Error)) != 0);
                }
            }

            TakeTimed();
            LookWhileQuiet();
            _turnRecords.Write();
            if (hasOrders)
            {
                TakeOrders();
            }
        }
    }

    private void TakeOrders()
    {
        ulong count;
        _ = LibC.read(_orderSignal, (byte*)&count, sizeof(ulong));
        while (_orders.TryDequeue(out var order))
        {
            order();
        }
    }

    private void OnReadable(CapturedStream stream, bool isHungUp)
    {
        var now = JournalWriter.Now;
        if (stream.IsRefused && stream.DueAt > now)
        {
            return;
        }

        var isBusy = now - stream.LastTurn < Millisecond / 2 && !isHungUp;
        if (isBusy && stream.DueAt == 0)
        {
            TakeByTimer(stream, stream.LastTurn + (Millisecond / 2));
            return;
        }

        if (stream.DueAt == 0 || isHungUp)
        {
            Turn(stream, now);
        }
    }

    /// <summary>Those that are due, one after the other, for a millisecond: then who speaks after silence is heard before the rest.</summary>
    private void TakeTimed()
    {
        var now = JournalWriter.Now;
        var until = now + Millisecond;
        for (var left = _timed.Count; left > 0 && now < until; left--)
        {
            _timedAt = _timedAt < _timed.Count ? _timedAt : 0;
            var stream = _timed[_timedAt];
            if (!stream.HasEnded && stream.DueAt > now)
            {
                _timedAt++;
                continue;
            }

            if (!stream.HasEnded)
            {
                Turn(stream, now);
                now = JournalWriter.Now;
            }

            if (stream.HasEnded || stream.DueAt == 0)
            {
                _timed.RemoveAt(_timedAt);
            }
            else
            {
                _timedAt++;
            }
        }
    }

    private void LookWhileQuiet()
    {
        if (
            _care.QuietLookAt != long.MaxValue
            && JournalWriter.Now is var now
            && now >= _care.QuietLookAt
        )
        {
            _care.LookWhileQuiet(_streams.Values, now);
        }
    }

    /// <summary>One turn of a stream: at most so many bytes, then the others have theirs.</summary>
    private void Turn(CapturedStream stream, long now)
    {
        var moved = Move(stream, now, mayWait: true);
        if (stream.HasEnded)
        {
            return;
        }

        if (stream.IsRefused)
        {
            TakeByTimer(stream, now + RetryAfter);
            return;
        }

        if (moved == 0)
        {
            stream.MustProbe = false;
            WatchAgain(stream);
            return;
        }

        var elapsed = Math.Max(1, now - stream.LastTurn);
        stream.LastTurn = now;
        // A turn's bound is a quarter of a grown pipe: a turn that reached it left more behind.
        if (moved >= Math.Min(StreamMover.MaxTurnBytes, stream.PipeSize / 2))
        {
            _allowance.TryGrow(stream);
            TakeByTimer(stream, now);
        }
        else if (stream.MustProbe)
        {
            // Who opens after the last writer left is never told of the end: read on until there is nothing.
            TakeByTimer(stream, now);
        }
        else if (stream.DueAt != 0)
        {
            var quarter = stream.PipeSize / 4 * elapsed / moved;
            var pause = moved <= FewBytes ? Millisecond / 2 : Millisecond;
            TakeByTimer(stream, now + Math.Min(pause, quarter));
        }
        else if (stream.IsGrown && elapsed > ShrinkAfter)
        {
            _allowance.Release(stream);
        }
    }

    private void TakeByTimer(CapturedStream stream, long dueAt)
    {
        if (stream.DueAt == 0)
        {
            // Hang-up is told all the same; the turn it brings ends the stream.
            _epoll.Change(stream.Descriptor, 0, stream.Tag);
            _timed.Add(stream);
        }

        stream.DueAt = Math.Max(1, dueAt);
    }

    private void WatchAgain(CapturedStream stream)
    {
        if (stream.DueAt != 0)
        {
            stream.DueAt = 0;
            _epoll.Change(stream.Descriptor, Epoll.In, stream.Tag);
        }
    }

    private long NextWait()
    {
        var due = _care.QuietLookAt;
        if (_timed.Count == 0 && due == long.MaxValue)
        {
            return -1;
        }

        foreach (var stream in _timed)
        {
            due = Math.Min(due, stream.DueAt);
        }

        return Math.Max(0, due - JournalWriter.Now);
    }

    /// <summary>Takes what the pipe holds, whatever bounds there are.</summary>
    private void TakeAll(CapturedStream stream)
    {
        while (!stream.HasEnded && Move(stream, JournalWriter.Now, mayWait: false) > 0)
        {
            // Until the pipe is empty or at its end.
        }
    }

    /// <summary>Moves bytes once; how many, 0 if there were none. Sets HasEnded at the end.</summary>
    private long Move(CapturedStream stream, long now, bool mayWait)
    {
        var moved = _mover.Move(stream, now, mayWait);
        return moved == StreamMover.AtEnd ? End(stream, 1, 0) : moved;
    }

    private long End(CapturedStream stream, ulong reason, ulong errno)
    {
        stream.HasEnded = true;
        _allowance.Release(stream);
        _streams.Remove(stream.Tag);
        _epoll.Remove(stream.Descriptor);
        var end = stream.NewRecord(JournalRecordKind.StreamEnd);
        end.A = stream.Target.End;
        end.B = reason;
        end.C = errno;
        _turnRecords.Add(end);
        LibC.close(stream.Descriptor);
        if (stream.PipePath is { } path)
        {
            LibC.unlink(path);
        }

        CrashPoint.Pass(CrashPoint.AfterStream);
        stream.Ended(stream);
        return 0;
    }
}
