using Microsoft.Win32.SafeHandles;

namespace Tspm.CaptureLog;

/// <summary>Reads the bytes of a process's streams from its data files, wherever one file ends and the next begins.</summary>
/// <remarks>
/// Safe for many threads. Names are listed when an offset is asked for that no known file holds; handles are opened
/// when their bytes are wanted, and at most <see cref="MostHandles"/> stay open.
/// </remarks>
public sealed class DataFileReader : IDisposable
{
    private const int MostHandles = 6;
    private readonly string _directory;
    private readonly SpillPlace? _place;
    private readonly string _spill;
    private readonly Lock _gate = new();

    // Guarded by _gate; of each stream sorted by the offset of the first byte.
    private readonly Dictionary<StreamName, List<DataFileName>> _streams = [];

    // Guarded by _gate; the one that was used last stands last.
    private readonly List<OpenFile> _open = new(MostHandles + 1);
    private bool _isDisposed;

    /// <summary>Makes a reader of one process's directory.</summary>
    public DataFileReader(string directory)
    {
        _directory = directory;
        _spill = "";
    }

    private DataFileReader(string directory, SpillPlace place, uint process)
    {
        _directory = directory;
        _place = place;
        _spill = place.Process(process);
    }

    /// <summary>Makes a reader of one process of a home, with what was spilled.</summary>
    public static DataFileReader Of(HomePaths home, uint process) =>
        new(home.Process(process), SpillPlace.Of(home), process);

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
            if (TryFind(stream, at, out var file, out var next))
            {
                var room = (int)Math.Min((ulong)(destination.Length - done), next - at);
                var read = ReadFile(file, destination.Slice(done, room), (long)(at - file.First));
                done += read;
                if (read > 0)
                {
                    // It may cross more than one file that was begun since we looked.
                    hasListed = false;
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

    /// <summary>The first offset, not before this one, whose byte is there; null if none is.</summary>
    /// <remarks>For a reader that got nothing: where the stream goes on after files that are gone.</remarks>
    public ulong? FindNext(StreamName stream, ulong offset)
    {
        List();
        Span<byte> one = stackalloc byte[1];
        List<DataFileName> files;
        lock (_gate)
        {
            files = [.. _streams.GetValueOrDefault(stream) ?? []];
        }

        if (Read(stream, offset, one) == 1)
        {
            return offset;
        }

        foreach (var file in files.Where(file => file.First > offset))
        {
            if (Read(stream, file.First, one) == 1)
            {
                return file.First;
            }
        }

        return null;
    }

    /// <summary>The data files there are now, of each stream in the order of their offsets.</summary>
    public IReadOnlyList<DataFileName> ListFiles()
    {
        List();
        lock (_gate)
        {
            return [.. _streams.Values.SelectMany(files => files)];
        }
    }

    /// <summary>Lets go of the files of a stream that end at or before an offset: they were deleted.</summary>
    /// <remarks>The newest known file of a stream is never forgotten: where it ends is not known here.</remarks>
    public void Forget(StreamName stream, ulong beforeOffset)
    {
        lock (_gate)
        {
            if (!_streams.TryGetValue(stream, out var files))
            {
                return;
            }

            var count = 0;
            while (count + 1 < files.Count && files[count + 1].First <= beforeOffset)
            {
                Close(files[count].Path);
                count++;
            }

            files.RemoveRange(0, count);
        }
    }

    /// <summary>Bytes of all data files there are now.</summary>
    public long TotalBytes() => SumOf(_directory) + (HasSpill ? SumOf(_spill) : 0);

    /// <inheritdoc/>
    public void Dispose()
    {
        lock (_gate)
        {
            _isDisposed = true;
            foreach (var file in _open)
            {
                file.Handle.Dispose();
            }

            _open.Clear();
            _streams.Clear();
        }
    }

    private bool HasSpill => _place is not null && _place.IsOurs(_spill);

    private static long SumOf(string directory)
    {
        long total = 0;
        if (!Directory.Exists(directory))
        {
            return 0;
        }

        foreach (var file in new DirectoryInfo(directory).EnumerateFiles())
        {
            total += StreamName.TryParseDataFile(file.Name, out _, out _) ? file.Length : 0;
        }

        return total;
    }

    /// <summary>The file that holds an offset, and where the next one begins.</summary>
    private bool TryFind(StreamName stream, ulong offset, out DataFileName found, out ulong next)
    {
        lock (_gate)
        {
            found = default;
            next = ulong.MaxValue;
            if (!_streams.TryGetValue(stream, out var files))
            {
                return false;
            }

            var low = 0;
            var high = files.Count;
            while (low < high)
            {
                var middle = (low + high) / 2;
                (low, high) = files[middle].First <= offset ? (middle + 1, high) : (low, middle);
            }

            if (low == 0)
            {
                return false;
            }

            found = files[low - 1];
            next = low < files.Count ? files[low].First : ulong.MaxValue;
            return true;
        }
    }

    private int ReadFile(in DataFileName file, Span<byte> destination, long position)
    {
        while (Open(file) is { } handle)
        {
            try
            {
                return RandomAccess.Read(handle, destination, position);
            }
            catch (ObjectDisposedException)
            {
                // Another reader's file took its place in the meantime: it is opened again.
            }
        }

        return 0;
    }

    private SafeFileHandle? Open(in DataFileName file)
    {
        lock (_gate)
        {
            for (var i = _open.Count - 1; i >= 0; i--)
            {
                if (_open[i].Path == file.Path)
                {
                    var known = _open[i];
                    _open.RemoveAt(i);
                    _open.Add(known);
                    return known.Handle;
                }
            }

            if (_isDisposed || !File.Exists(file.Path))
            {
                return null;
            }

            return OpenNew(file.Path);
        }
    }

    private SafeFileHandle? OpenNew(string path)
    {
        try
        {
            var handle = File.OpenHandle(
                path,
                FileMode.Open,
                FileAccess.Read,
                FileShare.ReadWrite | FileShare.Delete
            );
            _open.Add(new OpenFile(path, handle));
            if (_open.Count > MostHandles)
            {
                _open[0].Handle.Dispose();
                _open.RemoveAt(0);
            }

            return handle;
        }
        catch (FileNotFoundException)
        {
            // Deleted since it was listed: its bytes are gone.
            return null;
        }
    }

    private void Close(string path)
    {
        var at = _open.FindIndex(file => file.Path == path);
        if (at >= 0)
        {
            _open[at].Handle.Dispose();
            _open.RemoveAt(at);
        }
    }

    /// <summary>Looks what files there are. True if one is new.</summary>
    private bool List()
    {
        var names = new List<DataFileName>();
        AddNames(_directory, isSpill: false, names);
        if (HasSpill)
        {
            AddNames(_spill, isSpill: true, names);
        }

        names.Sort((left, right) => left.First.CompareTo(right.First));
        lock (_gate)
        {
            if (_isDisposed)
            {
                return false;
            }

            var known = _streams.Values.SelectMany(files => files).ToHashSet();
            var hasNew = names.Exists(name => !known.Contains(name));
            known.ExceptWith(names);
            foreach (var gone in known)
            {
                Close(gone.Path);
            }

            foreach (var files in _streams.Values)
            {
                files.Clear();
            }

            foreach (var name in names)
            {
                Insert(name);
            }

            return hasNew;
        }
    }

    private void Insert(in DataFileName name)
    {
        if (!_streams.TryGetValue(name.Stream, out var files))
        {
            files = [];
            _streams.Add(name.Stream, files);
        }

        // An attempt to return to the home may have left an empty file beside the spill file of the same offset.
        if (files.Count > 0 && files[^1].First == name.First)
        {
            files[^1] = LengthOf(name.Path) > LengthOf(files[^1].Path) ? name : files[^1];
            return;
        }

        files.Add(name);
    }

    private static long LengthOf(string path)
    {
        var file = new FileInfo(path);
        return file.Exists ? file.Length : -1;
    }

    private static void AddNames(string directory, bool isSpill, List<DataFileName> names)
    {
        if (!Directory.Exists(directory))
        {
            return;
        }

        foreach (var path in Directory.EnumerateFiles(directory))
        {
            if (
                StreamName.TryParseDataFile(
                    Path.GetFileName(path.AsSpan()),
                    out var stream,
                    out var first
                )
            )
            {
                names.Add(new DataFileName(stream, first, isSpill, path));
            }
        }
    }

    private readonly record struct OpenFile(string Path, SafeFileHandle Handle);
}
