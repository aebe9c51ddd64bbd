using Tspm.CaptureLog;
using Tspm.Logs.Scanning;

namespace Tspm.Logs.Archive;

/// <summary>The logs of a home that no daemon serves, with what no daemon has numbered yet; the home is only read.</summary>
/// <remarks>
/// What the journal tells beyond the indexes is numbered here, into a directory of the reader's own: a daemon that comes
/// later numbers it itself, so these numbers are good for one reading. One owner until it is read up; then any thread reads.
/// </remarks>
public sealed class ArchivedLogs : IDisposable
{
    // One index file for each log: the directory can go as soon as all is read.
    private static readonly LogStoreOptions Options = new() { IndexFileBytes = 1L << 30 };
    private readonly LogIngest _ingest;
    private readonly List<string> _problems = [];

    /// <summary>Opens logs of a home.</summary>
    /// <param name="home">The home.</param>
    /// <param name="scratch">A directory of one's own.</param>
    /// <param name="processes">Which.</param>
    /// <param name="observer">Hears of the journal's records that are not output.</param>
    /// <param name="time">The wall clock.</param>
    /// <exception cref="IOException">The home cannot be read, or the directory not written.</exception>
    public ArchivedLogs(
        HomePaths home,
        HomePaths scratch,
        IEnumerable<uint> processes,
        IJournalObserver observer,
        TimeProvider time
    )
    {
        _ingest = new LogIngest(home, Options, observer);
        foreach (var process in processes)
        {
            var log = LogOpener.OpenBeside(home, scratch, process, Options, time, out var problems);
            _problems.AddRange(problems.Select(problem => $"process {process}: {problem}"));
            if (log is not null)
            {
                _ingest.Add(log);
            }
        }
    }

    /// <summary>What is wrong with the files, in words.</summary>
    public IReadOnlyList<string> Problems => _problems;

    /// <summary>The log of a process; null if there is none that can be read.</summary>
    public LogWriter? Find(uint process) => _ingest.Find(process);

    /// <summary>Reads what the journal has.</summary>
    /// <exception cref="IOException">The home cannot be read, or the directory not written.</exception>
    public void ReadUp()
    {
        bool hasMore;
        do
        {
            var before = _ingest.Position;
            hasMore = _ingest.Turn(0).HasMore || _ingest.Position != before;
        } while (hasMore);
    }

    /// <summary>Nothing more comes: what the observer appended, and lines that have no end, are shown.</summary>
    /// <exception cref="IOException">The directory cannot be written.</exception>
    public void End()
    {
        foreach (var log in _ingest.Logs)
        {
            _ingest.Commit(log);
        }

        _ingest.Turn(SpanScanner.NoDeadline - 1);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _ingest.Dispose();
        foreach (var log in _ingest.Logs)
        {
            log.Log.Dispose();
        }
    }
}
