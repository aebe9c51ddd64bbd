using System.Runtime.InteropServices;
using Tspm.CaptureLog;
using Tspm.Keeper.Interop;
using Tspm.Keeper.Journal;

namespace Tspm.Keeper.Capture;

/// <summary>Brings data files and journal to the device, at most once a second, away from the loops that must not wait.</summary>
internal sealed class SyncThread : IDisposable
{
    private const int ManyFiles = 16;
    private readonly JournalWriter _journal;
    private readonly KeeperLog _log;
    private readonly TimeSpan _interval;
    private readonly ManualResetEventSlim _isDirty = new();
    private readonly ManualResetEventSlim _isStopping = new();
    private readonly Lock _gate = new();

    // Guarded by _gate.
    private readonly List<DataFileWriter> _files = [];
    private readonly List<DataFileWriter> _leaving = [];
    private readonly Thread _thread;

    /// <summary>Makes a thread that is not started.</summary>
    public SyncThread(JournalWriter journal, KeeperLog log, TimeSpan interval)
    {
        _journal = journal;
        _log = log;
        _interval = interval;
        _thread = new Thread(Run) { IsBackground = true, Name = "sync" };
    }

    /// <summary>Starts the thread.</summary>
    public void Start() => _thread.Start();

    /// <summary>From now on this file is synced when it was written.</summary>
    public void Add(DataFileWriter file)
    {
        lock (_gate)
        {
            _files.Add(file);
        }
    }

    /// <summary>The file is not written any more: synced once more, then closed.</summary>
    public void CloseLater(DataFileWriter file)
    {
        lock (_gate)
        {
            _files.Remove(file);
            _leaving.Add(file);
        }

        _isDirty.Set();
    }

    /// <summary>A file was written. Cheap.</summary>
    public void Touch(DataFileWriter file)
    {
        if (!_isDirty.IsSet)
        {
            _isDirty.Set();
        }
    }

    /// <summary>Ends the thread after a last sync.</summary>
    public void Stop()
    {
        _isStopping.Set();
        _isDirty.Set();
        if (_thread.IsAlive)
        {
            _thread.Join();
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _isDirty.Dispose();
        _isStopping.Dispose();
    }

    private void Run()
    {
        while (!_isStopping.IsSet)
        {
            _isDirty.Wait();
            _isStopping.Wait(_interval);
            _isDirty.Reset();
            Sync();
        }
    }

    private void Sync()
    {
        List<DataFileWriter> dirty;
        List<DataFileWriter> leaving;
        lock (_gate)
        {
            dirty = [.. _files.Where(file => Interlocked.Exchange(ref file.Dirty, 0) != 0)];
            leaving = [.. _leaving];
            _leaving.Clear();
        }

        dirty.AddRange(leaving);
        var errno =
            dirty.Count > ManyFiles
                ? SyncAll(dirty[0])
                : dirty.Select(SyncOne).FirstOrDefault(error => error != 0);
        foreach (var file in leaving)
        {
            LibC.close(file.Descriptor);
        }

        TellJournal(errno);
    }

    private void TellJournal(int errno)
    {
        try
        {
            _journal.Sync();
            var synced = new JournalRecord
            {
                Kind = JournalRecordKind.Synced,
                Stream = StreamKind.Event,
                B = (ulong)errno,
            };
            _journal.Append(ref synced);
        }
        catch (IOException refused)
        {
            _log.Write(2110, $"the journal could not be synced: {refused.Message}");
        }

        if (errno != 0)
        {
            _log.Write(
                2111,
                $"data files could not be synced: {Marshal.GetPInvokeErrorMessage(errno)}"
            );
        }
    }

    private static int SyncOne(DataFileWriter file) =>
        LibC.fdatasync(file.Descriptor) == 0 ? 0 : LibC.LastError;

    private static int SyncAll(DataFileWriter any) =>
        LibC.syncfs(any.Descriptor) == 0 ? 0 : LibC.LastError;
}
