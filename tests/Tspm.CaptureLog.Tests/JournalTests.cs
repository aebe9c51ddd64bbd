using System.Runtime.InteropServices;
using CsCheck;

namespace Tspm.CaptureLog.Tests;

/// <summary>The bytes of the journal are a promise between keeper and daemon of any age.</summary>
public sealed class JournalTests
{
    [Fact]
    public void Record_has_these_bytes()
    {
        var record = new JournalRecord
        {
            Kind = JournalRecordKind.Chunk,
            Stream = StreamKind.Err,
            Flags = JournalFlags.Orphan | JournalFlags.Merged,
            Process = 0x11121314,
            Run = 0x21222324,
            Ord = 0x3132333435363738,
            Wall = 0x4142434445464748,
            Mono = 0x5152535455565758,
            A = 0x6162636465666768,
            B = 0x7172737475767778,
            C = 0x8182838485868788,
        };
        record.Seal();

        Assert.Equal(
            "7148513802010A001413121124232221383736353433323148474645444342415857565554535251686766656463626178777675747372718887868584838281",
            Convert.ToHexString(Bytes(record))
        );
    }

    [Fact]
    public void Checksum_is_the_one_of_the_standard()
    {
        Assert.Equal(0xE3069283, Crc32C.Compute("123456789"u8));
        Gen.Byte.Array[0, 300].Sample(bytes => Assert.Equal(Naive(bytes), Crc32C.Compute(bytes)));
    }

    [Fact]
    public void A_record_with_any_bit_flipped_is_refused() => CheckFlips(record => record.IsIntact);

    [Fact]
    public void A_reader_that_forgets_the_checksum_is_caught()
    {
        Assert.ThrowsAny<Exception>(() => CheckFlips(record => record.Kind != 0));
    }

    [Fact]
    public void A_journal_cut_anywhere_gives_the_whole_records_before_the_cut()
    {
        using var home = new JournalDirectory();
        var whole = JournalDirectory.Records(5);
        for (var cut = 0; cut <= whole.Length; cut++)
        {
            home.Write(whole.AsSpan(0, cut));

            using var reader = new JournalReader(home.Path, 0);
            var read = new JournalRecord[16];
            var count = reader.Read(read);

            Assert.Equal(Math.Max(0, (cut / JournalRecord.Length) - 1), count);
            Assert.True(read.Take(count).All(record => record.IsIntact), $"cut at {cut}");
        }
    }

    [Fact]
    public void Reading_goes_on_where_it_stopped_when_more_is_written()
    {
        using var home = new JournalDirectory();
        var whole = JournalDirectory.Records(8);
        using var reader = new JournalReader(home.Path, 0);
        var seen = new List<ulong>();
        var read = new JournalRecord[3];

        // A writer's record may be half there at any look.
        for (var length = 0; length <= whole.Length; length += 40)
        {
            home.Write(whole.AsSpan(0, length));
            while (reader.Read(read) is var count and > 0)
            {
                seen.AddRange(read.Take(count).Select(record => record.Ord));
            }
        }

        home.Write(whole);
        while (reader.Read(read) is var count and > 0)
        {
            seen.AddRange(read.Take(count).Select(record => record.Ord));
        }

        Assert.Equal(Enumerable.Range(1, 8).Select(ord => (ulong)ord), seen);
    }

    [Fact]
    public void A_directory_that_has_long_been_quiet_is_read_to_its_last_file()
    {
        const int perFile = 5;
        const int files = 4;
        using var home = new JournalDirectory();
        for (var first = 1; first <= perFile * files; first += perFile)
        {
            home.Write(JournalDirectory.Records(perFile, first), first);
        }

        Directory.SetLastWriteTimeUtc(
            home.Path,
            new DateTime(2026, 1, 1, 0, 0, 0, DateTimeKind.Utc)
        );
        using var reader = new JournalReader(home.Path, 0);
        var seen = new List<ulong>();
        var read = new JournalRecord[3];
        while (reader.Read(read) is var count and > 0)
        {
            seen.AddRange(read.Take(count).Select(record => record.Ord));
        }

        Assert.Equal(Enumerable.Range(1, perFile * files).Select(ord => (ulong)ord), seen);
    }

    [Fact]
    public void Names_of_data_files_are_read_back_and_others_refused()
    {
        foreach (var kind in new[] { StreamKind.Out, StreamKind.Err })
        {
            foreach (var run in new uint[] { 0, 1, 77 })
            {
                foreach (var offset in new ulong[] { 0, 1, 9_999_999_999_999_999 })
                {
                    var name = new StreamName(kind, run);

                    var isName = StreamName.TryParseDataFile(
                        name.DataFile(offset),
                        out var read,
                        out var at
                    );

                    Assert.True(isName);
                    Assert.Equal((name, offset), (read, at));
                }
            }
        }

        foreach (
            var other in new[]
            {
                "",
                "out",
                "out.",
                "out.x",
                "in.1",
                "out.run.1",
                "index.1",
                "out.-1",
            }
        )
        {
            Assert.False(StreamName.TryParseDataFile(other, out _, out _), other);
        }
    }

    private static void CheckFlips(Func<JournalRecord, bool> isGood)
    {
        var record = new JournalRecord
        {
            Kind = JournalRecordKind.Spawned,
            Ord = 7,
            A = 4711,
        };
        record.Seal();
        Assert.True(isGood(record));
        for (var bit = 0; bit < JournalRecord.Length * 8; bit++)
        {
            var bytes = Bytes(record);
            bytes[bit / 8] ^= (byte)(1 << (bit % 8));

            Assert.False(isGood(MemoryMarshal.Read<JournalRecord>(bytes)), $"bit {bit}");
        }
    }

    private static byte[] Bytes(in JournalRecord record) =>
        MemoryMarshal.AsBytes(new ReadOnlySpan<JournalRecord>(in record)).ToArray();

    /// <summary>Bit by bit, polynomial 0x1EDC6F41 reflected.</summary>
    private static uint Naive(byte[] bytes)
    {
        var state = uint.MaxValue;
        foreach (var one in bytes)
        {
            state ^= one;
            for (var bit = 0; bit < 8; bit++)
            {
                state = (state >> 1) ^ ((state & 1) * 0x82F63B78);
            }
        }

        return ~state;
    }

    private sealed class JournalDirectory : IDisposable
    {
        public string Path { get; } = Directory.CreateTempSubdirectory("tj").FullName;

        public static byte[] Records(int count, int first = 1)
        {
            var bytes = new List<byte>();
            for (var ord = 0; ord <= count; ord++)
            {
                var record = new JournalRecord
                {
                    Kind = ord == 0 ? JournalRecordKind.Header : JournalRecordKind.Synced,
                    Stream = StreamKind.Event,
                    Ord = (ulong)(first + Math.Max(0, ord - 1)),
                    A = ord == 0 ? JournalRecord.Magic : 0,
                    C = ord == 0 ? JournalRecord.FormatVersion : 0,
                };
                record.Seal();
                bytes.AddRange(Bytes(record));
            }

            return [.. bytes];
        }

        public void Write(ReadOnlySpan<byte> bytes, int first = 1) =>
            File.WriteAllBytes(System.IO.Path.Join(Path, $"{first:D16}"), bytes);

        public void Dispose() => Directory.Delete(Path, recursive: true);
    }
}
