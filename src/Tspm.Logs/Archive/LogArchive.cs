using System.Globalization;
using Tspm.CaptureLog;
using Tspm.Logs.Index;

namespace Tspm.Logs.Archive;

/// <summary>Opens the log of a process for reading alone: a copied home, or one whose daemon cannot start.</summary>
/// <remarks>Nothing is written, cut or renamed. What the daemon had not numbered yet is not there.</remarks>
public static class LogArchive
{
    /// <summary>The ids of all processes that have a directory in a home, ascending.</summary>
    public static IReadOnlyList<uint> ListProcesses(HomePaths home)
    {
        var ids = new List<uint>();
        if (!Directory.Exists(home.Processes))
        {
            return ids;
        }

        foreach (var path in Directory.EnumerateDirectories(home.Processes))
        {
            var name = Path.GetFileName(path.AsSpan());
            if (uint.TryParse(name, NumberStyles.None, CultureInfo.InvariantCulture, out var id))
            {
                ids.Add(id);
            }
        }

        ids.Sort();
        return ids;
    }

    /// <summary>Opens a log.</summary>
    /// <param name="home">The home.</param>
    /// <param name="process">The process.</param>
    /// <param name="options">Limits.</param>
    /// <param name="problems">What is wrong with its files, in words.</param>
    /// <returns>The log; null if it has no good index.</returns>
    /// <exception cref="IOException">The device failed.</exception>
    public static ProcessLog? Open(
        HomePaths home,
        uint process,
        LogStoreOptions options,
        out IReadOnlyList<string> problems
    )
    {
        problems = [];
        var directory = home.Process(process);
        if (!Directory.Exists(directory))
        {
            return null;
        }

        var opened = IndexOpener.Open(directory, SpillPlace.Of(home), process, isReadOnly: true);
        problems = opened.Problems;
        if (opened.Last is not { } last)
        {
            return null;
        }

        var index = new LogIndex(home, process, options, null, opened.Files);
        var ring = new LogRing(options);
        ring.Reset(last.LastSeq);
        var files = DataFileReader.Of(home, process);
        var floors = StreamFloors.Find(directory).With(opened.Ranges);
        var log = new ProcessLog(process, opened.Files[^1].LogId, index, files, floors, ring);
        log.NameNewestRun(last.Run);
        return log;
    }
}
