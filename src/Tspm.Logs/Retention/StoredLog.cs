using Tspm.CaptureLog;
using Tspm.Logs.Index;

namespace Tspm.Logs.Retention;

/// <summary>The files of one log while retention looks at them.</summary>
internal sealed class StoredLog
{
    private readonly RetainedLog _log;
    private readonly Queue<StoredFile> _closed;
    private readonly Queue<IndexFile> _indexes;
    private long _indexExpiredTo;

    /// <summary>Lists the files.</summary>
    public StoredLog(RetainedLog log)
    {
        _log = log;
        var files = log.Writer.Files.ListData();
        _closed = new Queue<StoredFile>(
            files.Where(file => file.MayGo).OrderBy(file => file.WrittenAt)
        );
        var indexes = log.Writer.Files.ListIndexes();
        _indexes = new Queue<IndexFile>(indexes.SkipLast(1));
        Bytes = files.Sum(file => file.Bytes) + indexes.Sum(file => file.Bytes);
    }

    /// <summary>Bytes of data and index.</summary>
    public long Bytes { get; private set; }

    /// <summary>True if something was deleted.</summary>
    public bool HasDeleted { get; private set; }

    /// <summary>True if it holds too much, or something too old.</summary>
    public bool IsOver(DateTimeOffset now) =>
        Bytes > _log.MaxBytes
        || (
            _log.MaxAge > TimeSpan.Zero
            && _closed.TryPeek(out var oldest)
            && now - oldest.WrittenAt > _log.MaxAge
        );

    /// <summary>Deletes the oldest file that is closed and numbered; without one, gives up the oldest part of the index.</summary>
    public bool TryDeleteOldest()
    {
        if (_closed.TryDequeue(out var file))
        {
            DiskSeam.Pass(DiskStep.Delete);
            File.Delete(file.Path);
            CrashPoint.Pass(CrashPoint.InRetention);
            _log.Writer.Files.Forget(file.Stream, file.End);
            Bytes -= file.Bytes;
            HasDeleted = true;
            return true;
        }

        if (_indexes.TryDequeue(out var index))
        {
            _indexExpiredTo = index.LastSeq;
            Bytes -= index.Bytes;
            HasDeleted = true;
            return true;
        }

        return false;
    }

    /// <summary>Up to which seq nothing is left.</summary>
    public LogExpiry Expire() =>
        new(_log.Writer, Math.Max(_indexExpiredTo, _log.Writer.Log.FindExpired()));
}

/// <summary>A data file as retention sees it.</summary>
/// <param name="Stream">Its stream.</param>
/// <param name="First">Offset of its first byte.</param>
/// <param name="End">Offset after its last byte.</param>
/// <param name="Path">Where it is.</param>
/// <param name="Bytes">What it holds.</param>
/// <param name="WrittenAt">When its last byte came.</param>
/// <param name="MayGo">True if nobody writes it and all of it is numbered.</param>
internal readonly record struct StoredFile(
    StreamName Stream,
    ulong First,
    ulong End,
    string Path,
    long Bytes,
    DateTimeOffset WrittenAt,
    bool MayGo
);
