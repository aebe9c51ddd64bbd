using System.Runtime.InteropServices;

namespace Tspm.Protocol.Batches;

/// <summary>The fixed part of a batch: 88 bytes, docs/protocol.md section 6.</summary>
[StructLayout(LayoutKind.Sequential, Pack = 1, Size = Size)]
public struct BatchHeader
{
    /// <summary>Bytes of the fixed part.</summary>
    public const int Size = 88;

    /// <summary>The value of <see cref="PrevEpochEnd"/> where no epoch begins.</summary>
    public const ulong NoEpochEnd = ulong.MaxValue;

    /// <summary>The subscription's generation; 0 in a getLogs reply.</summary>
    public uint Gen;

    /// <summary>The epoch of all entries of the batch.</summary>
    public uint Epoch;

    /// <summary>Number of the delivery in its generation, from 1; 0 in a getLogs reply.</summary>
    public ulong Dseq;

    /// <summary>The seq before the first one covered.</summary>
    public long After;

    /// <summary>The last seq covered; equal to <see cref="After"/> in a bookmark.</summary>
    public long UpTo;

    /// <summary>The newest seq there is.</summary>
    public long Head;

    /// <summary>The last seq of the epoch before, in the first batch of an epoch.</summary>
    public ulong PrevEpochEnd;

    /// <summary>Number of spans.</summary>
    public uint SpanCount;

    /// <summary>Number of runs.</summary>
    public uint RunCount;

    /// <summary>Number of holes.</summary>
    public uint HoleCount;

    /// <summary>See <see cref="BatchFlags"/>.</summary>
    public BatchFlags Flags;

    /// <summary>The oldest seq in the ring.</summary>
    public long OldestRing;

    /// <summary>The oldest seq on disk.</summary>
    public long OldestDisk;

    /// <summary>Bytes of all spans.</summary>
    public ulong ByteCount;
}

/// <summary>Marks of a batch.</summary>
[Flags]
public enum BatchFlags : uint
{
    /// <summary>No mark.</summary>
    None = 0,

    /// <summary>There is more up to what was asked for (getLogs).</summary>
    More = 1,

    /// <summary>Covered entries without a span did not match the filter.</summary>
    Filtered = 2,
}

/// <summary>From the number of a run to its identity; 24 bytes in a batch.</summary>
/// <param name="Run">The number.</param>
/// <param name="RunId">The UUIDv7.</param>
public readonly record struct RunIdentity(uint Run, Guid RunId)
{
    /// <summary>Bytes of a run in a batch.</summary>
    public const int Size = 24;
}

/// <summary>Entries that are not there any more; 24 bytes in a batch.</summary>
/// <param name="From">First seq missing.</param>
/// <param name="To">Last seq missing.</param>
/// <param name="Reason">Why.</param>
public readonly record struct LogHole(long From, long To, GapReason Reason)
{
    /// <summary>Bytes of a hole in a batch.</summary>
    public const int Size = 24;
}
