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
/// stream is then taken by timer, at most every millisecond, and never later than its rate needs to fill a
/// quarter of its pipe.
/// </remarks>
internal sealed unsafe class CaptureThread : IDisposable
{
    private const int MaxTurnBytes = 256 * 1024;
    private const long Millisecond = 1_000_000;
    private const long RetryAfter = 2_000 * Millisecond;
    private const long ShrinkAfter = 5_000 * Millisecond;
    private const int NoSpace = 28;
    private const ulong OrderTag = 0;
    private readonly JournalWriter _journal;
    private readonly SyncThread _sync;
    private readonly PipeAllowance _allowance;
    private readonly KeeperLog _log;
    private readonly Epoll _epoll = new();
    private readonly int _orderSignal;

    // Full cannot happen: the control thread is the only one that orders, and it waits for each.
    private readonly ConcurrentQueue<Action> _orders = new();
    private readonly Dictionary<ulong, CapturedStream> _streams = [];
    private readonly List<CapturedStream> _timed = [];
    private readonly EpollEvent[] _events = new EpollEvent[128];
    private readonly JournalRecord[] _records = new JournalRecord[128];
    private readonly byte* _staging = (byte*)NativeMemory.Alloc(MaxTurnBytes);

    // Never set: waiting for it is waiting for the disk.
    private readonly ManualResetEventSlim _pause = new();
    private readonly Thread _thread;
    private int _recordCount;
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
        _journal = journal;
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
                WriteRecords();
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
    public bool LeaveToOrphan(CapturedStream stream, string directory)
    {
        var wasOpen = false;
        Order(() =>
        {
            while (!stream.HasEnded && Move(stream) > 0)
            {
                // Until the pipe is empty or at its end.
            }

            wasOpen = !stream.HasEnded;
            if (wasOpen && !stream.Flags.HasFlag(JournalFlags.Orphan))
            {
                var end = RecordOf(stream, JournalRecordKind.StreamEnd);
                end.A = stream.Target.End;
                end.B = 2;
                Add(end);
                stream.Target = DataFileWriter.Open(
                    new StreamName(stream.Kind, stream.Run),
                    directory
                );
                stream.Flags |= JournalFlags.Orphan;
            }

            WriteRecords();
        });
        return wasOpen;
    }

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
                while (!stream.HasEnded && Move(stream) > 0)
                {
                    // Until the pipe is empty or at its end.
                }
            }

            WriteRecords();
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
        _pause.Dispose();
        NativeMemory.Free(_staging);
    }

    private void Order(Action order)
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
            WriteRecords();
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

        var isBusy = now - stream.LastTurn < Millisecond && !isHungUp;
        if (isBusy && stream.DueAt == 0)
        {
            TakeByTimer(stream, stream.LastTurn + Millisecond);
            return;
        }

        if (stream.DueAt == 0 || isHungUp)
        {
            Turn(stream, now);
        }
    }

    private void TakeTimed()
    {
        var now = JournalWriter.Now;
        for (var i = _timed.Count - 1; i >= 0; i--)
        {
            var stream = _timed[i];
            if (!stream.HasEnded && stream.DueAt > now)
            {
                continue;
            }

            if (!stream.HasEnded)
            {
                Turn(stream, now);
            }

            if (stream.HasEnded || stream.DueAt == 0)
            {
                _timed.RemoveAt(i);
            }
        }
    }

    /// <summary>One turn of a stream: at most so many bytes, then the others have theirs.</summary>
    private void Turn(CapturedStream stream, long now)
    {
        var moved = Move(stream);
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
        if (moved >= Math.Min(MaxTurnBytes, stream.PipeSize / 2))
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
            TakeByTimer(stream, now + Math.Min(Millisecond, quarter));
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
        if (_timed.Count == 0)
        {
            return -1;
        }

        var due = long.MaxValue;
        foreach (var stream in _timed)
        {
            due = Math.Min(due, stream.DueAt);
        }

        return Math.Max(0, due - JournalWriter.Now);
    }

    /// <summary>Moves bytes once; how many, 0 if there were none. Sets HasEnded at the end.</summary>
    private long Move(CapturedStream stream)
    {
        var target = stream.Target;
        nint moved;
        if (stream.IsCopied)
        {
            moved = Copy(stream);
        }
        else
        {
            var position = target.Position;
            do
            {
                moved = LibC.splice(
                    stream.Descriptor,
                    null,
                    target.Descriptor,
                    &position,
                    MaxTurnBytes,
                    LibC.SpliceMove | LibC.SpliceNonBlock
                );
            } while (moved < 0 && LibC.LastError == LibC.Interrupted);
        }

        if (moved > 0)
        {
            Recover(stream);
            target.Advance(moved);
            _sync.Touch(target);
            CrashPoint.Pass(CrashPoint.AfterSplice);
            var chunk = RecordOf(stream, JournalRecordKind.Chunk);
            chunk.A = target.End;
            chunk.B = (ulong)moved;
            Add(chunk);
            return moved;
        }

        return moved == 0 ? End(stream, 1, 0) : Fail(stream, LibC.LastError);
    }

    private long Fail(CapturedStream stream, int errno)
    {
        switch (errno)
        {
            case LibC.Again:
                return 0;
            case LibC.Invalid when !stream.IsCopied:
                stream.IsCopied = true;
                return Move(stream);
            case LibC.InputOutput when stream.PipePath is null:
                // A terminal whose other side is closed.
                return End(stream, 1, 0);
            default:
                Refuse(stream, errno);
                return 0;
        }
    }

    private void Refuse(CapturedStream stream, int errno)
    {
        if (!stream.IsRefused)
        {
            stream.IsRefused = true;
            _log.Write(
                2101,
                $"{stream.Target}: {Marshal.GetPInvokeErrorMessage(errno)}; its bytes wait in the pipe"
            );
        }
    }

    private void Recover(CapturedStream stream)
    {
        if (stream.IsRefused)
        {
            stream.IsRefused = false;
            _log.Write(2102, $"{stream.Target}: goes on");
        }
    }

    private nint Copy(CapturedStream stream)
    {
        nint read;
        do
        {
            read = LibC.read(stream.Descriptor, _staging, MaxTurnBytes);
        } while (read < 0 && LibC.LastError == LibC.Interrupted);
        nint done = 0;
        while (done < read)
        {
            var written = LibC.pwrite(
                stream.Target.Descriptor,
                _staging + done,
                (nuint)(read - done),
                stream.Target.Position + done
            );
            if (written > 0)
            {
                done += written;
            }
            else if (LibC.LastError != LibC.Interrupted)
            {
                // The weaker promise of a copied stream: what was read and cannot be written is gone, and said so.
                _log.Write(
                    2103,
                    $"{stream.Target}: {read - done} bytes lost: {Marshal.GetPInvokeErrorMessage(LibC.LastError)}"
                );
                break;
            }
        }

        return read <= 0 ? read
            : Math.Max(done, 1) == done ? done
            : -1;
    }

    private long End(CapturedStream stream, ulong reason, ulong errno)
    {
        stream.HasEnded = true;
        _allowance.Release(stream);
        _streams.Remove(stream.Tag);
        _epoll.Remove(stream.Descriptor);
        var end = RecordOf(stream, JournalRecordKind.StreamEnd);
        end.A = stream.Target.End;
        end.B = reason;
        end.C = errno;
        Add(end);
        LibC.close(stream.Descriptor);
        if (stream.PipePath is { } path)
        {
            LibC.unlink(path);
        }

        stream.Ended(stream);
        return 0;
    }

    private static JournalRecord RecordOf(CapturedStream stream, JournalRecordKind kind) =>
        new()
        {
            Kind = kind,
            Stream = stream.Kind,
            Flags = stream.Flags,
            Process = stream.Process,
            Run = stream.Run,
        };

    private void Add(in JournalRecord record)
    {
        _records[_recordCount++] = record;
        if (_recordCount == _records.Length)
        {
            WriteRecords();
        }
    }

    private void WriteRecords()
    {
        while (_recordCount > 0)
        {
            try
            {
                _journal.Append(_records.AsSpan(0, _recordCount));
                _recordCount = 0;
            }
            catch (IOException refused)
            {
                // The bytes are in the data files; without their records nothing may go on. The disk decides.
                _log.Write(2104, $"the journal cannot be written, trying again: {refused.Message}");
                _pause.Wait(TimeSpan.FromSeconds(2));
            }
        }
    }
}
