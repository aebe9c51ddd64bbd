using System.Buffers;
using System.Buffers.Binary;
using System.Buffers.Text;
using System.Numerics;
using System.Text;
using Tspm.Protocol;

namespace Tspm.Client;

/// <summary>Where a follow of some logs stands: opaque text that another follow can begin after.</summary>
/// <remarks>
/// <c>t1:</c>, then base64url of: the number of logs; of each the log's identity (16 bytes), epoch, seq, and its name
/// with namespace (length, UTF-8); then the CRC-32C of all that. Numbers are LEB128.
/// </remarks>
public sealed class FollowCursor
{
    /// <summary>Most logs in a cursor.</summary>
    public const int MaxLogs = 10_000;

    /// <summary>Longest text, characters.</summary>
    public const int MaxText = 2 * 1024 * 1024;

    private const string Prefix = "t1:";
    private const int GuidBytes = 16;
    private const int ChecksumBytes = 4;

    /// <summary>Makes one.</summary>
    /// <param name="places">A place per log; at most <see cref="MaxLogs"/>.</param>
    public FollowCursor(IReadOnlyList<CursorPlace> places)
    {
        ArgumentNullException.ThrowIfNull(places);
        if (places.Count > MaxLogs)
        {
            throw new ArgumentException($"a cursor has at most {MaxLogs} logs", nameof(places));
        }

        Places = places;
    }

    /// <summary>A place per log.</summary>
    public IReadOnlyList<CursorPlace> Places { get; }

    /// <summary>Reads the text of a cursor.</summary>
    /// <exception cref="FormatException">It is not a cursor, is damaged, or of a newer tspm; the message says which.</exception>
    public static FollowCursor Parse(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        if (text.Length > MaxText)
        {
            throw new FormatException($"a cursor has at most {MaxText} characters");
        }

        var version = text.IndexOf(':', StringComparison.Ordinal);
        if (
            version < 2
            || text[0] != 't'
            || text.AsSpan(1, version - 1).ContainsAnyExceptInRange('0', '9')
        )
        {
            throw new FormatException("this is not a cursor: one begins with t1:");
        }

        if (!text.StartsWith(Prefix, StringComparison.Ordinal))
        {
            throw new FormatException(
                $"the cursor is of form {text[..version]}, this tspm knows t1"
            );
        }

        byte[] bytes;
        try
        {
            bytes = Base64Url.DecodeFromChars(text.AsSpan(Prefix.Length));
        }
        catch (FormatException wrong)
        {
            throw new FormatException("the cursor is damaged: it is not base64url", wrong);
        }

        return Read(bytes);
    }

    /// <inheritdoc/>
    public override string ToString()
    {
        var bytes = new ArrayBufferWriter<byte>();
        WriteNumber(bytes, (ulong)Places.Count);
        foreach (var place in Places)
        {
            place.LogId.TryWriteBytes(bytes.GetSpan(GuidBytes), bigEndian: true, out _);
            bytes.Advance(GuidBytes);
            WriteNumber(bytes, place.Position.Epoch);
            WriteNumber(bytes, (ulong)place.Position.Seq);
            var name = Encoding.UTF8.GetBytes(place.Name);
            WriteNumber(bytes, (ulong)name.Length);
            bytes.Write(name);
        }

        var checksum = Checksum(bytes.WrittenSpan);
        BinaryPrimitives.WriteUInt32LittleEndian(bytes.GetSpan(ChecksumBytes), checksum);
        bytes.Advance(ChecksumBytes);
        return Prefix + Base64Url.EncodeToString(bytes.WrittenSpan);
    }

    private static FollowCursor Read(ReadOnlySpan<byte> bytes)
    {
        if (
            bytes.Length < ChecksumBytes + 1
            || BinaryPrimitives.ReadUInt32LittleEndian(bytes[^ChecksumBytes..])
                != Checksum(bytes[..^ChecksumBytes])
        )
        {
            throw Damaged("its checksum is wrong");
        }

        var rest = bytes[..^ChecksumBytes];
        var count = ReadNumber(ref rest);
        if (count > MaxLogs)
        {
            throw Damaged($"it has {count} logs");
        }

        var places = new List<CursorPlace>();
        for (ulong i = 0; i < count; i++)
        {
            if (rest.Length < GuidBytes)
            {
                throw Damaged("it is cut off");
            }

            var logId = new Guid(rest[..GuidBytes], bigEndian: true);
            rest = rest[GuidBytes..];
            var epoch = ReadNumber(ref rest);
            var seq = ReadNumber(ref rest);
            var length = ReadNumber(ref rest);
            if (epoch > uint.MaxValue || seq > long.MaxValue || length > (ulong)rest.Length)
            {
                throw Damaged("a number in it is too large");
            }

            var name = Encoding.UTF8.GetString(rest[..(int)length]);
            rest = rest[(int)length..];
            places.Add(new CursorPlace(logId, name, new LogPosition((uint)epoch, (long)seq)));
        }

        return rest.IsEmpty ? new FollowCursor(places) : throw Damaged("it goes on after its end");
    }

    private static FormatException Damaged(string how) => new($"the cursor is damaged: {how}");

    private static uint Checksum(ReadOnlySpan<byte> bytes)
    {
        var crc = uint.MaxValue;
        foreach (var one in bytes)
        {
            crc = BitOperations.Crc32C(crc, one);
        }

        return ~crc;
    }

    private static void WriteNumber(ArrayBufferWriter<byte> bytes, ulong value)
    {
        const int bits = 7;
        const byte more = 0x80;
        do
        {
            var low = (byte)(value & (more - 1));
            value >>= bits;
            bytes.Write([value > 0 ? (byte)(low | more) : low]);
        } while (value > 0);
    }

    private static ulong ReadNumber(ref ReadOnlySpan<byte> bytes)
    {
        const int bits = 7;
        const byte more = 0x80;
        ulong value = 0;
        for (var shift = 0; shift < 64; shift += bits)
        {
            if (bytes.IsEmpty)
            {
                throw Damaged("it is cut off");
            }

            var next = bytes[0];
            bytes = bytes[1..];
            value |= (ulong)(next & (more - 1)) << shift;
            if (next < more)
            {
                return value;
            }
        }

        throw Damaged("a number in it has no end");
    }
}

/// <summary>Where a follow stands in one log.</summary>
/// <param name="LogId">The log.</param>
/// <param name="Name">Namespace and name of the process, as <c>ns/name</c>.</param>
/// <param name="Position">The last entry that was taken.</param>
public sealed record CursorPlace(Guid LogId, string Name, LogPosition Position);
