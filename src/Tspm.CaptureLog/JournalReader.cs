using System.Globalization;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Tspm.CaptureLog;

/// <summary>Reads the journal in order of ord, over all its files.</summary>
/// <remarks>
/// One thread. Nothing is allocated per record. It stops at the first record that is not there or not whole;
/// when a later file exists, that record will never come and is passed over.
/// </remarks>
public sealed class JournalReader : IDisposable
{
    // Clocks of file systems are coarse: a directory that changed just now may change again unseen.
    private static readonly TimeSpan SettledAfter = TimeSpan.FromSeconds(2);
    private readonly JournalFiles _files;
    private SafeFileHandle? _file;
    private ulong _firstOrd;
    private DateTime _listedChange;
    private bool _isSettled;

    /// <summary>Makes a reader.</summary>
    /// <param name="directory">The journal's directory.</param>
    /// <param name="position">The first ord wanted; 0 means the oldest there is.</param>
    public JournalReader(string directory, ulong position)
        : this(new JournalFiles(directory, null), position) { }

    /// <summary>Makes a reader.</summary>
    /// <param name="files">The files of a home.</param>
    /// <param name="position">The first ord wanted; 0 means the oldest there is.</param>
    public JournalReader(JournalFiles files, ulong position)
    {
        _files = files;
        Position = position;
    }

    /// <summary>The ord of the record that is read next; 0 until the first file is found.</summary>
    public ulong Position { get; private set; }

    /// <summary>Ords that were passed over: their records are damaged, or were never on the device.</summary>
    public ulong Lost { get; private set; }

    /// <summary>The first 8 bytes of the boot id in the header of the file that was opened last; 0 if it has none.</summary>
    public ulong Boot { get; private set; }

    /// <summary>True if a file was written by a newer tspm: it is not read, and nothing after it.</summary>
    public bool IsNewerFormat { get; private set; }

    /// <summary>The first ords of all files in the directory, ascending.</summary>
    public static IReadOnlyList<ulong> ListFiles(string directory)
    {
        if (!Directory.Exists(directory))
        {
            return [];
        }

        var firsts = new List<ulong>();
        foreach (var path in Directory.EnumerateFiles(directory))
        {
            var name = Path.GetFileName(path);
            if (
                ulong.TryParse(name, NumberStyles.None, CultureInfo.InvariantCulture, out var first)
            )
            {
                firsts.Add(first);
            }
        }

        firsts.Sort();
        return firsts;
    }

    /// <summary>Reads the next records.</summary>
    /// <param name="records">Where they go.</param>
    /// <returns>How many; 0 if there is none yet.</returns>
    /// <exception cref="IOException">The device failed.</exception>
    public int Read(Span<JournalRecord> records)
    {
        while (true)
        {
            if (_file is null && !TryOpen())
            {
                return 0;
            }

            var read = ReadFromFile(records, Position);
            if (read == 0)
            {
                if (!TryFindNext(out var next))
                {
                    return 0;
                }

                // A later file exists, so this one is complete; what was written before that is read now.
                read = ReadFromFile(records, Position);
                if (read == 0)
                {
                    PassOver(next);
                    continue;
                }
            }

            Position += (ulong)read;
            return read;
        }
    }

    /// <inheritdoc/>
    public void Dispose() => CloseFile();

    private int ReadFromFile(Span<JournalRecord> records, ulong position)
    {
        var done = (long)(position - _firstOrd);
        var room = (int)Math.Min(records.Length, JournalRecord.MaxPerFile - done);
        if (room <= 0)
        {
            return 0;
        }

        var bytes = MemoryMarshal.AsBytes(records[..room]);
        // The handle is open: Read opened it and only Dispose and the end of the file close it.
        var length = RandomAccess.Read(_file!, bytes, (done + 1) * JournalRecord.Length);
        var whole = length / JournalRecord.Length;
        for (var i = 0; i < whole; i++)
        {
            ref readonly var record = ref records[i];
            if (
                record.Ord != position + (ulong)i
                || record.Kind == JournalRecordKind.None
                || !record.IsIntact
            )
            {
                return i;
            }
        }

        return whole;
    }

    /// <summary>The first ord of the next file, if there is one.</summary>
    private bool TryFindNext(out ulong next)
    {
        next = Position;
        var changedAt = _files.ChangedAt();
        if (_isSettled && changedAt == _listedChange)
        {
            return false;
        }

        // Only a look that found nothing need not be repeated: behind the next file there may be more.
        var isLongAgo = TimeProvider.System.GetUtcNow().UtcDateTime - changedAt > SettledAfter;
        _isSettled = false;
        _listedChange = changedAt;
        if (Position == _firstOrd && _files.HasRecord(_firstOrd))
        {
            // The file was given up without a record; its like in the other directory goes on.
            return true;
        }

        foreach (var first in _files.List())
        {
            if (first > _firstOrd)
            {
                next = first;
                return true;
            }
        }

        _isSettled = isLongAgo;
        return false;
    }

    /// <summary>To the next intact record of this file, else to the next file.</summary>
    private void PassOver(ulong next)
    {
        if (next <= Position)
        {
            CloseFile();
            return;
        }

        Span<JournalRecord> record = stackalloc JournalRecord[1];
        var most = Math.Min(next, _firstOrd + JournalRecord.MaxPerFile);
        for (var ord = Position + 1; ord < most; ord++)
        {
            if (ReadFromFile(record, ord) == 1)
            {
                Lost += ord - Position;
                Position = ord;
                return;
            }

            if (RandomAccess.GetLength(_file!) < (long)(ord - _firstOrd) * JournalRecord.Length)
            {
                break;
            }
        }

        Lost += next - Position;
        Position = next;
        CloseFile();
    }

    private bool TryOpen()
    {
        var files = _files.List();
        var first = 0ul;
        foreach (var candidate in files)
        {
            if (first == 0 || candidate <= Position)
            {
                first = candidate;
            }
        }

        if (first == 0 || _files.Open(first) is not { } handle)
        {
            return false;
        }

        if (!CanRead(handle, first, hasLater: files[^1] > first))
        {
            handle.Dispose();
            return false;
        }

        _file = handle;
        _firstOrd = first;
        Position = Math.Max(Position, first);
        return true;
    }

    private bool CanRead(SafeFileHandle handle, ulong first, bool hasLater)
    {
        Span<JournalRecord> header = stackalloc JournalRecord[1];
        var length = RandomAccess.Read(handle, MemoryMarshal.AsBytes(header), 0);
        var isHeader =
            length == JournalRecord.Length
            && header[0].IsIntact
            && header[0].Kind == JournalRecordKind.Header
            && header[0].A == JournalRecord.Magic;
        Boot = isHeader ? header[0].B : 0;
        if (isHeader)
        {
            IsNewerFormat = (uint)header[0].C > JournalRecord.FormatVersion;
            return !IsNewerFormat && header[0].Ord == first;
        }

        // Without its header every record still has its own checksum and number.
        return hasLater;
    }

    private void CloseFile()
    {
        _file?.Dispose();
        _file = null;
    }
}
