using System.Globalization;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Tspm.CaptureLog;

/// <summary>The journal's files, in the home and in the spill directory, by the ord of their first record.</summary>
/// <param name="Directory">The journal's directory in the home.</param>
/// <param name="Place">The home's spill; null if there can be none.</param>
public sealed record JournalFiles(string Directory, SpillPlace? Place)
{
    private readonly string? _spill = Place?.Journal;

    /// <summary>The files of a home.</summary>
    public static JournalFiles Of(HomePaths home) => new(home.Journal, SpillPlace.Of(home));

    /// <summary>The first ords of all files, ascending, each once.</summary>
    public IReadOnlyList<ulong> List()
    {
        var firsts = new SortedSet<ulong>();
        foreach (var directory in Directories())
        {
            firsts.UnionWith(JournalReader.ListFiles(directory));
        }

        return [.. firsts];
    }

    /// <summary>Deletes the files all of whose records come before a position; the newest always stays.</summary>
    /// <exception cref="IOException">A file cannot be deleted.</exception>
    public void DeleteBefore(ulong position)
    {
        var files = List();
        for (var i = 0; i + 1 < files.Count && files[i + 1] <= position; i++)
        {
            CrashPoint.Pass(CrashPoint.InForget);
            foreach (var directory in Directories())
            {
                File.Delete(PathOf(directory, files[i]));
            }
        }
    }

    /// <summary>When a file was made or deleted last.</summary>
    internal DateTime ChangedAt()
    {
        var home = System.IO.Directory.GetLastWriteTimeUtc(Directory);
        var spill = Place is null ? home : System.IO.Directory.GetLastWriteTimeUtc(Place.Journal);
        return home > spill ? home : spill;
    }

    /// <summary>Opens a file; where both directories have one, the one that holds a record.</summary>
    /// <exception cref="IOException">The device failed.</exception>
    internal SafeFileHandle? Open(ulong first)
    {
        SafeFileHandle? found = null;
        foreach (var directory in Directories())
        {
            var path = PathOf(directory, first);
            if (!File.Exists(path))
            {
                continue;
            }

            var handle = File.OpenHandle(
                path,
                FileMode.Open,
                FileAccess.Read,
                FileShare.ReadWrite | FileShare.Delete
            );
            if (found is null || HasRecord(handle, first))
            {
                found?.Dispose();
                found = handle;
            }
            else
            {
                handle.Dispose();
            }
        }

        return found;
    }

    /// <summary>True if a file holds its first record.</summary>
    /// <exception cref="IOException">The device failed.</exception>
    internal bool HasRecord(ulong first)
    {
        using var handle = Open(first);
        return handle is not null && HasRecord(handle, first);
    }

    private static bool HasRecord(SafeFileHandle handle, ulong first)
    {
        Span<JournalRecord> record = stackalloc JournalRecord[1];
        return RandomAccess.Read(handle, MemoryMarshal.AsBytes(record), JournalRecord.Length)
                == JournalRecord.Length
            && record[0].IsIntact
            && record[0].Ord == first;
    }

    private IEnumerable<string> Directories() =>
        Place is { } place && _spill is not null && place.IsOurs(_spill)
            ? [Directory, _spill]
            : [Directory];

    private static string PathOf(string directory, ulong first) =>
        Path.Join(directory, first.ToString("D16", CultureInfo.InvariantCulture));
}
