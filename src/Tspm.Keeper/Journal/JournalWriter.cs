using System.Globalization;
using System.Runtime.InteropServices;
using Tspm.CaptureLog;
using Tspm.Keeper.Interop;

namespace Tspm.Keeper.Journal;

/// <summary>The one journal: gives every record its ord, writes them with one pwrite, then wakes the daemon.</summary>
/// <remarks>
/// Any thread of the keeper, one at a time by the gate. Nothing is allocated but at a new file. While the disk refuses
/// the journal it goes on in the spill directory (docs/capture-log.md section 2.3).
/// </remarks>
internal sealed unsafe class JournalWriter : IDisposable
{
    private const long RetryAfter = 2_000_000_000;
    private readonly JournalFiles _places;
    private readonly SpillPlace _spill;
    private readonly WakePage _page;
    private readonly int _wake;
    private readonly Lock _gate = new();

    // The sync thread's own.
    private readonly List<int> _syncing = [];

    // Guarded by _gate.
    private readonly List<int> _unsynced = [];
    private int _file = -1;
    private string _path = "";
    private ulong _firstOrd;
    private ulong _nextOrd;
    private bool _isSpilled;
    private bool _mustBegin;
    private long _retryAt;

    /// <summary>Begins a new file after everything that older keepers wrote.</summary>
    /// <param name="home">The home.</param>
    /// <param name="first">The records that it begins with: they are there as soon as the file is.</param>
    /// <exception cref="IOException">Neither home nor spill can be written.</exception>
    public JournalWriter(HomePaths home, params Span<JournalRecord> first)
    {
        _spill = SpillPlace.Of(home);
        _places = new JournalFiles(home.Journal, _spill);
        _page = WakePage.Open(home.WakePage);
        _wake = OpenWakePipe(home.WakePipe);
        _nextOrd = JournalEnd.FindNextOrd(_places, _page.JournalEnd, _page.Consumed);
        lock (_gate)
        {
            BeginFile(first);
        }

        if (_page.Publish(_nextOrd))
        {
            Wake();
        }
    }

    /// <summary>Gives the records that tell who lives, for the start of each file; called under the gate.</summary>
    public Func<List<JournalRecord>> Snapshot { get; set; } = () => [];

    /// <summary>Looks for steps of the wall clock before each write; under the gate.</summary>
    internal ClockWatch Clock { get; init; } = new();

    /// <summary>Monotonic time, ns.</summary>
    public static long Now => System.Diagnostics.Stopwatch.GetTimestamp();

    /// <summary>The ord of the next record.</summary>
    public ulong NextOrd => Volatile.Read(ref _nextOrd);

    /// <summary>Every record with a smaller ord is in the daemon's indexes, as far as it has told.</summary>
    public ulong Consumed => _page.Consumed;

    /// <summary>Writes records in their order; ord, times and checksum are filled in.</summary>
    /// <exception cref="IOException">Neither home nor spill can be written.</exception>
    public void Append(Span<JournalRecord> records)
    {
        while (!records.IsEmpty)
        {
            records = records[AppendSome(records)..];
        }
    }

    /// <summary>The same, for a caller that tries again: how many were written, at least one.</summary>
    /// <exception cref="IOException">Neither home nor spill can be written; none was written.</exception>
    public int AppendSome(Span<JournalRecord> records)
    {
        int written;
        bool mustWake;
        lock (_gate)
        {
            if (Clock.Look() is var step && step != TimeSpan.Zero)
            {
                foreach (var told in ClockWatch.RecordsOf(step, Snapshot()))
                {
                    BeginFileIfDue(1);
                    WriteRecords([told]);
                }
            }

            BeginFileIfDue(records.Length);
            written = WriteRecords(records);
            CrashPoint.Pass(CrashPoint.AfterJournal);
            mustWake = _page.Publish(_nextOrd);
        }

        if (mustWake)
        {
            Wake();
        }

        return written;
    }

    /// <summary>Writes one record.</summary>
    /// <exception cref="IOException">Neither home nor spill can be written.</exception>
    public void Append(ref JournalRecord record) => Append(new Span<JournalRecord>(ref record));

    /// <summary>Writes records of a run that each new file is to begin with from now on: none begins in between.</summary>
    /// <exception cref="IOException">Neither home nor spill can be written.</exception>
    public void Append(List<JournalRecord> known, params Span<JournalRecord> records)
    {
        lock (_gate)
        {
            Append(records);
            known.AddRange(records);
        }
    }

    /// <summary>Nothing is written any more until <see cref="Thaw"/>, which the same thread calls.</summary>
    public void Freeze() => _gate.Enter();

    /// <summary>Goes on after <see cref="Freeze"/>.</summary>
    public void Thaw() => _gate.Exit();

    /// <summary>Waits until everything that was appended is on the device; what is spilled never is.</summary>
    /// <exception cref="IOException">The device failed; the journal goes on in a new file.</exception>
    public void Sync()
    {
        int newest;
        lock (_gate)
        {
            _syncing.AddRange(_unsynced);
            _unsynced.Clear();
            newest = _isSpilled ? -1 : _file;
        }

        var errno = 0;
        foreach (var file in _syncing)
        {
            errno = Math.Max(errno, Disk.Sync(file, _places.Directory));
            LibC.close(file);
        }

        _syncing.Clear();
        errno = Math.Max(errno, newest < 0 ? 0 : SyncNewest(newest));
        if (errno != 0)
        {
            throw new IOException(Marshal.GetPInvokeErrorMessage(errno));
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        lock (_gate)
        {
            foreach (var file in _unsynced.Append(_file).Where(file => file >= 0))
            {
                LibC.close(file);
            }

            _unsynced.Clear();
            _file = -1;
        }

        _page.Dispose();
        LibC.close(_wake);
    }

    private static int OpenWakePipe(string path)
    {
        if (LibC.mkfifo(path, 0x180) != 0 && LibC.LastError != LibC.Exists)
        {
            throw new IOException($"{path}: {Marshal.GetPInvokeErrorMessage(LibC.LastError)}");
        }

        var pipe = LibC.open(path, LibC.ReadWrite | LibC.NonBlock | LibC.CloseOnExec, 0);
        return pipe >= 0
            ? pipe
            : throw new IOException($"{path}: {Marshal.GetPInvokeErrorMessage(LibC.LastError)}");
    }

    private void BeginFileIfDue(int records)
    {
        var isFull = _nextOrd - _firstOrd + (ulong)records > JournalRecord.MaxPerFile;
        if (isFull || _mustBegin || (_isSpilled && Now >= _retryAt))
        {
            BeginFile(CollectionsMarshal.AsSpan(Snapshot()));
        }
    }

    /// <summary>In the home if it can be written, else in the spill.</summary>
    private void BeginFile(Span<JournalRecord> first)
    {
        var errno = 0;
        if (TryBegin(_places.Directory, first))
        {
            _isSpilled = false;
            return;
        }

        errno = LibC.LastError;
        _retryAt = Now + RetryAfter;
        if (_isSpilled && !IsFull && !_mustBegin)
        {
            // It was only tried whether the home takes it again.
            return;
        }

        if (_spill.Prepare(_spill.Journal) is not null || !TryBegin(_spill.Journal, first))
        {
            throw new IOException(
                $"{_places.Directory}: {Marshal.GetPInvokeErrorMessage(errno)}; and the spill takes nothing either"
            );
        }

        _isSpilled = true;
    }

    private bool IsFull => _nextOrd - _firstOrd >= JournalRecord.MaxPerFile / 2;

    /// <summary>A file with its header and first records, all or nothing.</summary>
    private bool TryBegin(string directory, Span<JournalRecord> first)
    {
        var path = Path.Join(directory, _nextOrd.ToString("D16", CultureInfo.InvariantCulture));
        if (path == _path && _file >= 0 && _nextOrd == _firstOrd && !_mustBegin)
        {
            // Nothing is in it yet.
            return true;
        }

        // Written beside and renamed: who finds the newest file finds in it everybody who lives. But a file of that name
        // may be open in a daemon, which waits for its first record: it stays the file.
        var fresh = File.Exists(path) ? path : path + ".new";
        var file = Disk.OpenToWrite(fresh, isNew: true);
        if (file < 0)
        {
            return false;
        }

        var header = HeaderOf(_nextOrd);
        Seal(first);
        if (
            WriteTo(file, path, new Span<JournalRecord>(ref header), 0) != 1
            || WriteTo(file, path, first, 1) != first.Length
            || (fresh != path && !Name(fresh, path))
        )
        {
            var errno = LibC.LastError;
            LibC.close(file);
            Disk.Delete(fresh);
            Marshal.SetLastPInvokeError(errno);
            return false;
        }

        LeaveFile(path);
        _file = file;
        _path = path;
        _firstOrd = _nextOrd;
        _mustBegin = false;
        Volatile.Write(ref _nextOrd, _nextOrd + (ulong)first.Length);
        return true;
    }

    private static bool Name(string fresh, string path)
    {
        CrashPoint.Pass(CrashPoint.InJournal);
        return LibC.rename(fresh, path) == 0;
    }

    private void LeaveFile(string newPath)
    {
        if (_file < 0)
        {
            return;
        }

        if (_nextOrd == _firstOrd && _path != newPath)
        {
            // Not a record in it, and another file with its name takes its place.
            Disk.Delete(_path);
        }

        if (_isSpilled)
        {
            LibC.close(_file);
        }
        else
        {
            _unsynced.Add(_file);
        }

        _file = -1;
    }

    /// <summary>How many were written: what a file has taken counts, the rest goes where there is room.</summary>
    private int WriteRecords(Span<JournalRecord> records)
    {
        var written = WriteHere(records);
        if (written == 0)
        {
            _mustBegin = true;
            BeginFile(CollectionsMarshal.AsSpan(Snapshot()));
            written = WriteHere(records);
        }

        _mustBegin |= written < records.Length;
        return written > 0
            ? written
            : throw new IOException($"{_path}: {Marshal.GetPInvokeErrorMessage(LibC.LastError)}");
    }

    private int WriteHere(Span<JournalRecord> records)
    {
        Seal(records);
        var written = WriteTo(_file, _path, records, (long)(_nextOrd - _firstOrd + 1));
        Volatile.Write(ref _nextOrd, _nextOrd + (ulong)written);
        return written;
    }

    /// <summary>How many whole records the file took.</summary>
    private static int WriteTo(int file, string path, Span<JournalRecord> records, long index)
    {
        var bytes = MemoryMarshal.AsBytes(records);
        var done = 0;
        fixed (byte* first = bytes)
        {
            while (done < bytes.Length)
            {
                var position = (index * JournalRecord.Length) + done;
                var written = Disk.Write(file, path, first + done, bytes.Length - done, position);
                if (written <= 0)
                {
                    break;
                }

                done += (int)written;
            }
        }

        return done / JournalRecord.Length;
    }

    private void Seal(Span<JournalRecord> records)
    {
        var wall = Wall();
        var mono = Now;
        for (var i = 0; i < records.Length; i++)
        {
            records[i].Ord = _nextOrd + (ulong)i;
            records[i].Wall = wall;
            records[i].Mono = mono;
            records[i].Seal();
        }
    }

    private static JournalRecord HeaderOf(ulong ord)
    {
        var header = new JournalRecord
        {
            Kind = JournalRecordKind.Header,
            Stream = StreamKind.Event,
            Ord = ord,
            Wall = Wall(),
            Mono = Now,
            A = JournalRecord.Magic,
            B = BootId.First8,
            C = JournalRecord.FormatVersion | ((ulong)(uint)Environment.ProcessId << 32),
        };
        header.Seal();
        return header;
    }

    private int SyncNewest(int file)
    {
        var errno = Disk.Sync(file, _places.Directory);
        if (errno != 0)
        {
            lock (_gate)
            {
                _mustBegin |= _file == file;
            }
        }

        return errno;
    }

    private void Wake()
    {
        byte one = 1;

        // A full pipe wakes as well as one byte does.
        _ = LibC.write(_wake, &one, 1);
    }

    private static long Wall() =>
        (TimeProvider.System.GetUtcNow() - DateTimeOffset.UnixEpoch).Ticks;
}
