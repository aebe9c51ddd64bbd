using System.Buffers.Binary;
using Tspm.CaptureLog;

namespace Tspm.Logs;

/// <summary>The identity of a run as it stands in a spawnIntent record.</summary>
public static class JournalRunId
{
    /// <summary>Reads it.</summary>
    public static Guid Read(in JournalRecord record)
    {
        Span<byte> bytes = stackalloc byte[16];
        BinaryPrimitives.WriteUInt64LittleEndian(bytes, record.A);
        BinaryPrimitives.WriteUInt64LittleEndian(bytes[8..], record.B);
        return new Guid(bytes, bigEndian: true);
    }
}
