using System.Runtime.InteropServices;
using Tspm.CaptureLog;
using Tspm.Keeper.Interop;
using Tspm.Keeper.Journal;

namespace Tspm.Keeper.Capture;

/// <summary>Brings data files and journal to the device, at most once a second, away from the loops that must not wait.</summary>
/// <remarks>A descriptor whose sync failed is never synced again: the kernel tells an error once, then forgets the pages.</remarks>
internal sealed class SyncThread : IDisposable
{
    private const int ManyFiles = 16;
    private const int RetryMilliseconds = 2000;
    private const int JournalFailed = 5;
    private readonly JournalWriter _journal;
    private readonly KeeperLog _log;
    private readonly TimeSpan _interval;
    private readonly ManualResetEventSlim _isDirty = new();
    private readonly ManualResetEventSlim _isStopping = new();
    private readonly Lock _gate = new();

    // Guarded by _gate.
    private readonly List<DataFile> _files = [];
    private readonly List<DataFile> _leaving = [];

    // The thread's own, kept so that nothing is allocated each second.
    private readonly List<DataFile> _dirty = [];
    private readonly List<DataFile> _left = [];
    private readonly List<long> _lengths = [];

    // Beside a file whose sync failed, until something else could be synced.
    private SyncProbe? _probe;

    // The journal did not take what the last sync came to.
    private bool _isUntold;
    private readonly Thread _thread;

    /// <summary>Makes a thread that is not started.</summary>
    public SyncThread(JournalWriter journal, KeeperLog log, TimeSpan interval)
    {
        _journal = journal;
        _log = log;
        _interval = interval;
        _thread = new Thread(Run) { IsBackground = true, Name = "sync" };
    }

    /// <summary>Set before the start: measured after each sync.</summary>
    public HomeRoom? Room { get; set; }

    /// <summary>Starts the thread.</summary>
    public void Start() => _thread.Start();

    /// <summary>From now on the stream's file is synced when it was written.</summary>
    public void Add(DataFileWriter writer)
    {
        if (writer.File is { } file)
        {
            Add(file);
        }
    }

    /// <summary>From now on this file is synced when it was written.</summary>
    public void Add(DataFile file)
    {
        lock (_gate)
        {
            if (!file.IsSpill && !_files.Contains(file))
            {
                _files.Add(file);
            }
        }
    }

    /// <summary>The stream is not written any more.</summary>
    public void CloseLater(DataFileWriter writer)
    {
        if (writer.File is { } file)
        {
            CloseLater(file);
        }
    }

    /// <summary>The file is not written any more: synced once more, then closed.</summary>
    public void CloseLater(DataFile file)
    {
        lock (_gate)
        {
            _files.Remove(file);
            _leaving.Add(file);
        }

        _isDirty.Set();
    }

    /// <summary>A file was written. Cheap.</summary>
    public void Touch(DataFile file)
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

    /// <summary>Syncs what was written; the thread's own work.</summary>
    internal void Sync()
    {
        TakeFiles();
        if (_probe is { } probe && _dirty.Count + _left.Count == 0 && probe.Try() != 0)
        {
            // Told already; nobody has written anything since.
            return;
        }

        var errno = SyncFiles();
        foreach (var file in _left)
        {
            LibC.close(file.Descriptor);
        }

        _dirty.Clear();
        _left.Clear();
        _isUntold = !TryTellJournal(errno);
        _probe = errno == 0 && !_isUntold ? null : _probe;
        Room?.Measure();
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
            // After an error nobody may write anything more, and it is told until the device takes something again.
            _isDirty.Wait(_probe is null && !_isUntold ? Timeout.Infinite : RetryMilliseconds);
            _isStopping.Wait(_interval);
            _isDirty.Reset();
            Sync();
        }
    }

    /// <summary>What was written since the last time, and what is to be closed.</summary>
    private void TakeFiles()
    {
        lock (_gate)
        {
            foreach (var file in _files)
            {
                if (
                    Volatile.Read(ref file.IsSuspect) == 0
                    && Interlocked.Exchange(ref file.Dirty, 0) != 0
                )
                {
                    _dirty.Add(file);
                }
            }

            _left.AddRange(_leaving);
            _leaving.Clear();
        }

        foreach (var file in _left)
        {
            if (!file.IsSpill && Volatile.Read(ref file.Dirty) != 0)
            {
                _dirty.Add(file);
            }
        }
    }

    private int SyncFiles()
    {
        var errno = 0;

        // Else some file of the file system failed: each is asked for itself.
        if (_dirty.Count > ManyFiles && TrySyncAll())
        {
            return 0;
        }

        foreach (var file in _dirty)
        {
            var error = SyncOne(file);
            errno = errno == 0 ? error : errno;
        }

        return errno;
    }

    private bool TrySyncAll()
    {
        _lengths.Clear();
        foreach (var file in _dirty)
        {
            if (Volatile.Read(ref file.IsSuspect) != 0)
            {
                return false;
            }

            _lengths.Add(Volatile.Read(ref file.Length));
        }

        if (Disk.SyncAll(_dirty[0].Descriptor) != 0)
        {
            return false;
        }

        for (var i = 0; i < _dirty.Count; i++)
        {
            _dirty[i].SyncedLength = _lengths[i];
        }

        return true;
    }

    private int SyncOne(DataFile file)
    {
        var length = Volatile.Read(ref file.Length);
        var isSuspect = Volatile.Read(ref file.IsSuspect);
        var errno = isSuspect != 0 ? isSuspect : Disk.Sync(file.Descriptor, file.Path);
        if (errno == 0)
        {
            file.SyncedLength = length;
            return 0;
        }

        if (length > file.SyncedLength)
        {
            var suspect = DataFile.RecordOf(file.Process, file.Stream, JournalRecordKind.Suspect);
            suspect.A = file.First + (ulong)file.SyncedLength;
            suspect.B = file.First + (ulong)length;
            suspect.C = (ulong)errno;
            Tell(suspect);

            // Told so far: what is written until it is left is told then.
            file.SyncedLength = length;
        }

        Volatile.Write(ref file.IsSuspect, errno);
        _probe ??= new SyncProbe(Path.GetDirectoryName(file.Path)!);
        return errno;
    }

    private bool TryTellJournal(int errno)
    {
        try
        {
            _journal.Sync();
        }
        catch (IOException refused)
        {
            // A record more begins the file that can be synced: of the one whose sync failed each further sync may fail too.
            _log.Write(2110, $"the journal could not be synced: {refused.Message}");
            TellSynced(errno == 0 ? JournalFailed : errno);
            return false;
        }

        CrashPoint.Pass(CrashPoint.AfterSync);
        TellSynced(errno);
        if (errno != 0)
        {
            _log.Write(
                2111,
                $"data files could not be synced: {Marshal.GetPInvokeErrorMessage(errno)}"
            );
        }

        return true;
    }

    private void TellSynced(int errno) =>
        Tell(
            new JournalRecord
            {
                Kind = JournalRecordKind.Synced,
                Stream = StreamKind.Event,
                B = (ulong)errno,
            }
        );

    private void Tell(JournalRecord record)
    {
        try
        {
            _journal.Append(ref record);
        }
        catch (IOException refused)
        {
            _log.Write(2110, $"the journal could not be written: {refused.Message}");
        }
    }
}
