using Tspm.CaptureLog;
using Tspm.Logs.Index;
using Tspm.Logs.Retention;

namespace Tspm.Logs;

/// <summary>The files of a log that is being written, as retention and a flush look at them.</summary>
/// <remarks>Any thread; it has no state of its own.</remarks>
internal sealed class WrittenFiles(
    LogIndex index,
    DataFileReader files,
    StreamFloors floors,
    WriterStreams streams
)
{
    /// <summary>Its data files, of each stream in the order of their offsets.</summary>
    public IReadOnlyList<StoredFile> ListData()
    {
        var names = files.ListFiles();
        var stored = new List<StoredFile>(names.Count);
        for (var i = 0; i < names.Count; i++)
        {
            var file = new FileInfo(names[i].Path);
            if (!file.Exists)
            {
                continue;
            }

            var isNewest = i + 1 == names.Count || names[i + 1].Stream != names[i].Stream;
            var end = isNewest ? names[i].First + (ulong)file.Length : names[i + 1].First;
            var isClosed = !isNewest || streams.HasEnded(names[i].Stream);
            stored.Add(
                new StoredFile(
                    names[i].Stream,
                    names[i].First,
                    end,
                    names[i].Path,
                    file.Length,
                    new DateTimeOffset(file.LastWriteTimeUtc),
                    isClosed && end <= ConsumedOf(names[i].Stream)
                )
            );
        }

        return stored;
    }

    /// <summary>Its index files.</summary>
    public IReadOnlyList<IndexFile> ListIndexes() => index.Files;

    /// <summary>A data file was deleted: everything of its stream before this offset is gone.</summary>
    public void Forget(StreamName stream, ulong before)
    {
        floors.Raise(stream, before);
        files.Forget(stream, before);
    }

    /// <summary>Up to where a stream is in the index.</summary>
    private ulong ConsumedOf(StreamName stream) =>
        stream.OrphanRun != 0
            ? streams.HasEnded(stream)
                ? ulong.MaxValue
                : 0
            : index.LastCommit is not { } commit
                ? 0
                : stream.Kind == StreamKind.Err
                    ? commit.ErrConsumed
                    : commit.OutConsumed;
}
