using Microsoft.Win32.SafeHandles;

namespace Tspm.CaptureLog;

/// <summary>Reads the bytes of a process's streams from its data files, wherever one file ends and the next begins.</summary>
/// <remarks>Safe for many threads. Holds one open handle per data file that was read.</remarks>
public sealed class DataFileReader : IDisposable
{
    private readonly string _directory;
    private readonly Lock _gate = new();

    // Guarded by _gate; sorted by stream, then by the offset of the first byte.
    private readonly List<DataFile> _files = [];
    private bool _isDisposed;

    /// <summary>Makes a reader of one process's directory.</summary>
    public DataFileReader(string directory) => _directory = directory;

    /// <summary>Reads bytes of a stream.</summary>
    /// <param name="stream">Which one.</param>
    /// <param name="offset">Of the first byte.</param>
    /// <param name="destination">Where they go.</param>
    /// <returns>How many were there; fewer than asked for where the stream ends or a file is gone.</returns>
    /// <exception cref="IOException">The device failed.</exception>
    public int Read(StreamName stream, ulong offset, Span<byte> destination)
    {
        var done = 0;
        var hasListed = false;
        while (done < destination.Length)
        {
            var at = offset + (ulong)done;
            if (TryFind(stream, at, out var file))
            {
                var room = (int)Math.Min((ulong)(destination.Length - done), file.Next - at);
                var part = destination.Slice(done, room);
                var read = RandomAccess.Read(file.Handle, part, (long)(at - file.First));
                done += read;
                if (read > 0)
                {
                    continue;
                }
            }

            // The keeper may have begun a file since we looked.
            if (hasListed || !List())
            {
                break;
            }

            hasListed = true;
        }

        return done;
    }

    /// <summary>Bytes of all data files there are now.</summary>
    public long TotalBytes()
    {
        long total = 0;
        foreach (var file in new DirectoryInfo(_directory).EnumerateFiles())
        {
            total += StreamName.TryParseDataFile(file.Name, out _, out _) ? file.Length : 0;
        }

        return total;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        lock (_gate)
        {
            _isDisposed = true;
            foreach (var file in _files)
            {
                file.Handle.Dispose();
            }

            _files.Clear();
        }
    }

    private bool TryFind(StreamName stream, ulong offset, out DataFile found)
    {
        lock (_gate)
        {
            for (var i = _files.Count - 1; i >= 0; i--)
            {
                if (_files[i].Stream == stream && _files[i].First <= offset)
                {
                    found = _files[i];
                    return offset < found.Next;
                }
            }
        }

        found = default;
        return false;
    }

    private bool List()
    {
        var names = new List<(StreamName Stream, ulong First, string Path)>();
        foreach (var path in Directory.EnumerateFiles(_directory))
        {
            if (
                StreamName.TryParseDataFile(
                    Path.GetFileName(path.AsSpan()),
                    out var stream,
                    out var first
                )
            )
            {
                names.Add((stream, first, path));
            }
        }

        names.Sort((left, right) => left.First.CompareTo(right.First));
        lock (_gate)
        {
            if (_isDisposed)
            {
                return false;
            }

            var hasNew = false;
            foreach (var (stream, first, path) in names)
            {
                hasNew |= AddUnlessKnown(stream, first, path);
            }

            return hasNew;
        }
    }

    private bool AddUnlessKnown(StreamName stream, ulong first, string path)
    {
        var last = -1;
        for (var i = 0; i < _files.Count; i++)
        {
            if (_files[i].Stream != stream)
            {
                continue;
            }

            if (_files[i].First == first)
            {
                return false;
            }

            last = _files[i].First < first ? i : last;
        }

        var handle = File.OpenHandle(
            path,
            FileMode.Open,
            FileAccess.Read,
            FileShare.ReadWrite | FileShare.Delete
        );
        if (last >= 0)
        {
            _files[last] = _files[last] with { Next = first };
        }

        _files.Add(new DataFile(stream, first, ulong.MaxValue, handle));
        return true;
    }

    private readonly record struct DataFile(
        StreamName Stream,
        ulong First,
        ulong Next,
        SafeFileHandle Handle
    );
}
