using System.Globalization;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Tspm.CaptureLog;

/// <summary>Reads the journal in order of ord, over all its files.</summary>
/// <remarks>One thread. Nothing is allocated per record. It stops at the first record that is not there or not whole.</remarks>
public sealed class JournalReader : IDisposable
{
    private readonly string _directory;
    private SafeFileHandle? _file;
    private ulong _firstOrd;

    /// <summary>Makes a reader.</summary>
    /// <param name="directory">The journal's directory.</param>
    /// <param name="position">The first ord wanted; 0 means the oldest there is.</param>
    public JournalReader(string directory, ulong position)
    {
        _directory = directory;
        Position = position;
    }

    /// <summary>The ord of the record that is read next; 0 until the first file is found.</summary>
    public ulong Position { get; private set; }

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

    /// <summary>Reads the header of a file; false if it has none.</summary>
    /// <exception cref="IOException">The device failed.</exception>
    public static bool TryReadHeader(string directory, ulong first, out JournalRecord header)
    {
        using var handle = File.OpenHandle(
            Path.Join(directory, first.ToString("D16", CultureInfo.InvariantCulture)),
            FileMode.Open,
            FileAccess.Read,
            FileShare.ReadWrite | FileShare.Delete
        );
        return TryReadHeader(handle, first, out header);
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

            var read = ReadFromFile(records);
            if (read > 0)
            {
                Position += (ulong)read;
                return read;
            }

            // A keeper that starts begins a new file, whose name is the ord we wait for.
            if (Position == _firstOrd || !File.Exists(PathOf(Position)))
            {
                return 0;
            }

            CloseFile();
        }
    }

    /// <inheritdoc/>
    public void Dispose() => CloseFile();

    private int ReadFromFile(Span<JournalRecord> records)
    {
        var done = (long)(Position - _firstOrd);
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
                record.Ord != Position + (ulong)i
                || record.Kind == JournalRecordKind.None
                || !record.IsIntact
            )
            {
                return i;
            }
        }

        return whole;
    }

    private bool TryOpen()
    {
        var files = ListFiles(_directory);
        var first = 0ul;
        foreach (var candidate in files)
        {
            if (first == 0 || candidate <= Position)
            {
                first = candidate;
            }
        }

        if (first == 0)
        {
            return false;
        }

        var handle = File.OpenHandle(
            PathOf(first),
            FileMode.Open,
            FileAccess.Read,
            FileShare.ReadWrite | FileShare.Delete
        );
        if (!TryReadHeader(handle, first, out _))
        {
            handle.Dispose();
            return false;
        }

        _file = handle;
        _firstOrd = first;
        Position = Math.Max(Position, first);
        return true;
    }

    private static bool TryReadHeader(SafeFileHandle handle, ulong first, out JournalRecord header)
    {
        header = default;
        var bytes = MemoryMarshal.AsBytes(new Span<JournalRecord>(ref header));
        return RandomAccess.Read(handle, bytes, 0) == JournalRecord.Length
            && header.IsIntact
            && header.Kind == JournalRecordKind.Header
            && header.A == JournalRecord.Magic
            && (uint)header.C == JournalRecord.FormatVersion
            && header.Ord == first;
    }

    private string PathOf(ulong first) =>
        Path.Join(_directory, first.ToString("D16", CultureInfo.InvariantCulture));

    private void CloseFile()
    {
        _file?.Dispose();
        _file = null;
    }
}
