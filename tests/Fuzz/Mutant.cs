using System.Buffers.Binary;
using System.Globalization;
using CsCheck;

namespace Tspm.TestTools;

/// <summary>Fuzzing without a view of the code's branches: bytes that are nearly right, for a decoder that must say yes or no to all.</summary>
/// <remarks>
/// Edits are those that found faults elsewhere: a bit, an extreme number in place of a length or count, a stretch that is
/// gone, doubled, moved or new, an early end. <c>TSPM_FUZZ_SECONDS</c> says how long per decoder; 2 s without it.
/// </remarks>
internal static class Mutant
{
    /// <summary>How long a decoder is tried.</summary>
    public static readonly int Seconds = int.Parse(
        Environment.GetEnvironmentVariable("TSPM_FUZZ_SECONDS") ?? "2",
        CultureInfo.InvariantCulture
    );

    /// <summary>Up to five edits.</summary>
    public static readonly Gen<(int How, int At, int Length, ulong Random)[]> Edits = Gen.Select(
        Gen.Int[0, 7],
        Gen.Int[0, int.MaxValue],
        Gen.Int[1, 40],
        Gen.ULong
    ).Array[0, 5];

    private static readonly int[] Extremes =
    [
        0,
        1,
        -1,
        0x7F,
        0xFF,
        0x7FFF,
        0xFFFF,
        int.MaxValue,
        int.MinValue,
    ];

    /// <summary>Gives a decoder mutants until the time is over; what it throws fails the test with the bytes.</summary>
    public static void Fuzz(Gen<byte[]> whole, Action<byte[]> decode) =>
        Of(whole).Sample(decode, time: Seconds, print: Convert.ToHexString);

    /// <summary>Whole ones with a few edits; sometimes none.</summary>
    public static Gen<byte[]> Of(Gen<byte[]> whole) => Gen.Select(whole, Edits, Apply);

    /// <summary>The bytes after edits, each of which is at a place of what is left by the one before.</summary>
    public static byte[] Apply(byte[] bytes, (int How, int At, int Length, ulong Random)[] edits) =>
        edits.Aggregate(
            bytes,
            (edited, edit) =>
                edited.Length == 0
                    ? edited
                    : Edit(edited, edit.How, edit.At % edited.Length, edit.Length, edit.Random)
        );

    private static byte[] Edit(byte[] bytes, int how, int at, int length, ulong random)
    {
        var end = Math.Min(bytes.Length, at + length);
        return how switch
        {
            0 => With(bytes, at, (byte)(bytes[at] ^ (1 << (int)(random % 8)))),
            1 => With(bytes, at, (byte)random),
            2 => WithNumber(bytes, at, Extremes[random % (ulong)Extremes.Length]),
            3 => bytes[..at],
            4 => [.. bytes[..at], .. bytes[end..]],
            5 => [.. bytes[..end], .. bytes[at..]],
            6 => [.. bytes[..at], .. BitConverter.GetBytes(random), .. bytes[at..]],
            _ => [.. bytes[at..], .. bytes[..at]],
        };
    }

    private static byte[] With(byte[] bytes, int at, byte value)
    {
        var edited = bytes.ToArray();
        edited[at] = value;
        return edited;
    }

    private static byte[] WithNumber(byte[] bytes, int at, int value)
    {
        var edited = bytes.ToArray();
        Span<byte> number = stackalloc byte[4];
        BinaryPrimitives.WriteInt32LittleEndian(number, value);
        number[..Math.Min(4, edited.Length - at)].CopyTo(edited.AsSpan(at));
        return edited;
    }
}
