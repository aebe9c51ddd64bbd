using Tspm.CaptureLog;

namespace Tspm.Logs.Scanning;

/// <summary>What a scanner asks when bytes that the journal told of are not in the data files.</summary>
internal interface IMissingBytes
{
    /// <summary>Whether the keeper journaled that it deleted the byte at an offset.</summary>
    bool TryFindDrop(StreamName stream, ulong offset, out DroppedRange drop);

    /// <summary>The first offset, not before this one, whose byte is there; <see cref="ulong.MaxValue"/> if there is none.</summary>
    ulong NextByte(StreamName stream, ulong offset);

    /// <summary>So many bytes are gone and never got a number.</summary>
    void Report(StreamName stream, uint run, ulong bytes, ChunkStamp stamp);
}

/// <summary>A stretch of a stream that the keeper deleted before it was indexed.</summary>
/// <param name="From">Offset of its first byte.</param>
/// <param name="To">Offset after its last byte.</param>
/// <param name="Newlines">Newlines in it; <see cref="UnknownNewlines"/> if it was gone before they could be counted.</param>
internal readonly record struct DroppedRange(ulong From, ulong To, ulong Newlines)
{
    /// <summary>The count of a stretch that nobody could read.</summary>
    public const ulong UnknownNewlines = ulong.MaxValue;
}
