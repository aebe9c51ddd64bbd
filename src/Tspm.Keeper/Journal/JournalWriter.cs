using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;
using Tspm.CaptureLog;
using Tspm.Keeper.Interop;

namespace Tspm.Keeper.Journal;

/// <summary>The one journal: gives every record its ord, writes them with one pwrite, then wakes the daemon.</summary>
/// <remarks>Any thread of the keeper, one at a time by the gate. Nothing is allocated but at a new file.</remarks>
internal sealed unsafe class JournalWriter : IDisposable
{
    private readonly HomePaths _home;
    private readonly WakePage _page;
    private readonly int _wake;
    private readonly Lock _gate = new();

    // Guarded by _gate.
    private SafeFileHandle? _file;
    private ulong _firstOrd;
    private ulong _nextOrd;

    /// <summary>Begins a new file after everything that older keepers wrote.</summary>
    /// <param name="home">The home.</param>
    /// <param name="nextOrd">The ord of the next record.</param>
    /// <param name="first">The records that it begins with: they are there as soon as the file is.</param>
    /// <exception cref="IOException">The home cannot be written.</exception>
    public JournalWriter(HomePaths home, ulong nextOrd, Span<JournalRecord> first)
    {
        _home = home;
        _page = WakePage.Open(home.WakePage);
        _wake = OpenWakePipe(home.WakePipe);
        _nextOrd = nextOrd;
        BeginFile(first);
        if (_page.Publish(_nextOrd))
        {
            Wake();
        }
    }

    /// <summary>Gives the records that tell who lives, for the start of each file; called under the gate.</summary>
    public Func<IReadOnlyList<JournalRecord>> Snapshot { get; set; } = () => [];

    /// <summary>Monotonic time, ns.</summary>
    public static long Now => System.Diagnostics.Stopwatch.GetTimestamp();

    /// <summary>Writes records in their order; ord, times and checksum are filled in.</summary>
    /// <exception cref="IOException">The disk refused; none of them is written, and the caller may try again.</exception>
    public void Append(Span<JournalRecord> records)
    {
        bool mustWake;
        lock (_gate)
        {
            if (_nextOrd - _firstOrd + (ulong)records.Length > JournalRecord.MaxPerFile)
            {
                BeginFile(CollectionsMarshal.AsSpan([.. Snapshot()]));
            }

            WriteRecords(records);
            mustWake = _page.Publish(_nextOrd);
        }

        if (mustWake)
        {
            Wake();
        }
    }

    /// <summary>Writes one record.</summary>
    /// <exception cref="IOException">The disk refused.</exception>
    public void Append(ref JournalRecord record) => Append(new Span<JournalRecord>(ref record));

    /// <summary>Waits until the newest file is on the device.</summary>
    /// <exception cref="IOException">The device failed.</exception>
    public void Sync()
    {
        SafeFileHandle? file;
        lock (_gate)
        {
            file = _file;
        }

        if (file is not null)
        {
            RandomAccess.FlushToDisk(file);
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        lock (_gate)
        {
            _file?.Dispose();
            _file = null;
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

    /// <summary>Written beside and renamed: who finds the newest file finds in it everybody who lives.</summary>
    private void BeginFile(Span<JournalRecord> first)
    {
        var path = _home.JournalFile(_nextOrd);

        // A file of that name without any good record may be open in a daemon, which waits for the first: it stays the file.
        var fresh = File.Exists(path) ? path : path + ".new";
        var file = File.OpenHandle(
            fresh,
            FileMode.Create,
            FileAccess.Write,
            FileShare.ReadWrite | FileShare.Delete
        );
        File.SetUnixFileMode(file, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        var header = new JournalRecord
        {
            Kind = JournalRecordKind.Header,
            Stream = StreamKind.Event,
            Ord = _nextOrd,
            Wall = Wall(),
            Mono = Now,
            A = JournalRecord.Magic,
            B = BootId.First8,
            C = JournalRecord.FormatVersion | ((ulong)(uint)Environment.ProcessId << 32),
        };
        header.Seal();
        Seal(first);
        RandomAccess.Write(
            file,
            MemoryMarshal.AsBytes(new ReadOnlySpan<JournalRecord>(in header)),
            0
        );
        RandomAccess.Write(file, MemoryMarshal.AsBytes(first), JournalRecord.Length);
        if (fresh != path)
        {
            File.Move(fresh, path);
        }

        // A file that was left behind stays open until it is collected: the sync thread may be at it.
        _file = file;
        _firstOrd = _nextOrd;
        _nextOrd += (ulong)first.Length;
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

    private void WriteRecords(Span<JournalRecord> records)
    {
        if (records.IsEmpty)
        {
            return;
        }

        Seal(records);

        // The constructor begins a file before anybody can append.
        RandomAccess.Write(
            _file!,
            MemoryMarshal.AsBytes(records),
            (long)(_nextOrd - _firstOrd + 1) * JournalRecord.Length
        );
        _nextOrd += (ulong)records.Length;
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
