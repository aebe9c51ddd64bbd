using System.Buffers.Binary;
using System.Numerics;
using System.Runtime.InteropServices;

namespace Tspm.CaptureLog;

/// <summary>CRC32C (Castagnoli, RFC 3720), by the processor's own instruction where it has one.</summary>
public static class Crc32C
{
    /// <summary>The checksum of nothing yet; where a running computation begins.</summary>
    public const uint Seed = 0xFFFF_FFFF;

    /// <summary>The checksum of <paramref name="bytes"/>.</summary>
    public static uint Compute(ReadOnlySpan<byte> bytes) => ~Append(Seed, bytes);

    /// <summary>Goes on with a running computation; finish it with a bitwise not.</summary>
    /// <param name="state">What the last call gave back, at first <see cref="Seed"/>.</param>
    /// <param name="bytes">The next bytes.</param>
    public static uint Append(uint state, ReadOnlySpan<byte> bytes)
    {
        var words = MemoryMarshal.Cast<byte, ulong>(bytes);
        foreach (var word in words)
        {
            state = BitOperations.Crc32C(
                state,
                BitConverter.IsLittleEndian ? word : BinaryPrimitives.ReverseEndianness(word)
            );
        }

        foreach (var rest in bytes[(words.Length * sizeof(ulong))..])
        {
            state = BitOperations.Crc32C(state, rest);
        }

        return state;
    }
}
