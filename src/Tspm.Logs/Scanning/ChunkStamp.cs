using Tspm.CaptureLog;

namespace Tspm.Logs.Scanning;

/// <summary>When a chunk came, and its place among everything the keeper saw.</summary>
internal readonly record struct ChunkStamp(ulong Ord, long Wall, long Mono)
{
    /// <summary>The stamp of a journal record.</summary>
    public static ChunkStamp Of(in JournalRecord record) =>
        new(record.Ord, record.Wall, record.Mono);
}
