using System.Runtime.InteropServices;
using CsCheck;
using Tspm.Protocol.Batches;
using Tspm.TestTools;

namespace Tspm.Protocol.Tests;

/// <summary>The batch on the wire: golden bytes, and no bytes of a stranger are read beyond their end.</summary>
public sealed class BatchTests
{
    [Fact]
    public void Batch_has_these_bytes()
    {
        var batch = Sample();

        Assert.Equal(
            "040302010200000003000000000000000A000000000000000E000000000000001400000000000000FFFFFFFFFFFFFFFF0200000001000000010000000100000004000000000000000100000000000000060000000000000005000000000000000102030405067708890A0B0C0D0E0F100C000000000000000C0000000000000003000000000000000B00000000000000010000000200000005000000000000004D0000000000000058000000000000006300000000000000000000000000000064000000000000000D00000000000000020000000400000005000000010000004E000000000000005900000000000000640000000000000007000000000000008877665544332211610A620A630A",
            Convert.ToHexString(batch)
        );
    }

    [Fact]
    public void Batch_is_read_back()
    {
        var isBatch = SpanBatch.TryParse(Sample(), out var batch, out var fault);

        Assert.True(isBatch, fault);
        Assert.Equal((10L, 14L, 20L), (batch.Header.After, batch.Header.UpTo, batch.Header.Head));
        Assert.Equal(2, batch.Spans.Length);
        Assert.Equal((13L, 2u), (batch.Spans[1].Seq, batch.Spans[1].Count));
        Assert.Equal("a\nb\nc\n"u8, batch.Bytes);
        Assert.Equal(5u, batch.Run(0).Run);
        Assert.Equal(new LogHole(12, 12, GapReason.Expired), batch.Hole(0));
    }

    [Fact]
    public void A_batch_that_was_cut_is_refused()
    {
        var whole = Sample();
        for (var length = 0; length < whole.Length; length++)
        {
            Assert.False(SpanBatch.TryParse(whole.AsSpan(0, length), out _, out var fault));
            Assert.NotNull(fault);
        }
    }

    [Fact]
    public void Whatever_is_accepted_can_be_read_without_leaving_it() =>
        CheckMutations((byte[] bytes, out bool isIn) => SumsFit(bytes, out isIn));

    [Fact]
    public void Of_a_batch_that_is_nearly_right_nothing_is_read_beyond_its_end() =>
        Mutant.Fuzz(
            Gen.Const(Sample()),
            bytes => Assert.True(!SumsFit(bytes, out var isIn) || isIn)
        );

    [Fact]
    public void A_parser_that_trusts_the_counts_is_caught()
    {
        // Looks only at the length of the fixed part.
        static bool Trusting(byte[] bytes, out bool isIn)
        {
            var header = MemoryMarshal.Read<BatchHeader>(bytes);
            isIn =
                BatchHeader.Size
                    + (header.RunCount * (long)RunIdentity.Size)
                    + (header.HoleCount * (long)LogHole.Size)
                    + (header.SpanCount * (long)WireSpan.Size)
                    + (long)header.ByteCount
                == bytes.Length;
            return true;
        }

        Assert.ThrowsAny<Exception>(() => CheckMutations(Trusting));
    }

    private delegate bool Parser(byte[] bytes, out bool isIn);

    private static void CheckMutations(Parser parse) =>
        Gen.Select(Gen.Int[0, Sample().Length - 1], Gen.Byte)
            .Sample(
                one =>
                {
                    var bytes = Sample();
                    bytes[one.Item1] = one.Item2;
                    if (parse(bytes, out var isIn))
                    {
                        Assert.True(isIn, $"byte {one.Item1} = {one.Item2}");
                    }
                },
                iter: 20_000
            );

    private static bool SumsFit(byte[] bytes, out bool isIn)
    {
        isIn = false;
        if (!SpanBatch.TryParse(bytes, out var batch, out _))
        {
            return false;
        }

        long lengths = 0;
        var last = batch.Header.After;
        isIn = true;
        foreach (var span in batch.Spans)
        {
            isIn &= span.Seq > last && span.Seq + span.Count - 1 <= batch.Header.UpTo;
            last = span.Seq + span.Count - 1;
            lengths += span.Length;
        }

        for (var run = 0; run < batch.Header.RunCount; run++)
        {
            _ = batch.Run(run);
        }

        for (var hole = 0; hole < batch.Header.HoleCount; hole++)
        {
            _ = batch.Hole(hole);
        }

        isIn &= lengths == batch.Bytes.Length;
        return true;
    }

    private static byte[] Sample()
    {
        var header = new BatchHeader
        {
            Gen = 0x01020304,
            Epoch = 2,
            Dseq = 3,
            After = 10,
            UpTo = 14,
            Head = 20,
            PrevEpochEnd = BatchHeader.NoEpochEnd,
            Flags = BatchFlags.More,
            OldestRing = 4,
            OldestDisk = 1,
        };
        RunIdentity[] runs = [new(5, Guid.Parse("01020304-0506-7708-890a-0b0c0d0e0f10"))];
        LogHole[] holes = [new(12, 12, GapReason.Expired)];
        WireSpan[] spans =
        [
            new()
            {
                Seq = 11,
                Count = 1,
                Length = 2,
                Run = 5,
                Stream = 0,
                Ord = 77,
                Wall = 88,
                Mono = 99,
                Offset = 100,
            },
            new()
            {
                Seq = 13,
                Count = 2,
                Length = 4,
                Run = 5,
                Stream = 1,
                Ord = 78,
                Wall = 89,
                Mono = 100,
                Offset = 0x1122334455667788,
                Aux = 7,
            },
        ];
        var bytes = new byte[SpanBatchWriter.PrefixSize(1, 1, 2) + 6];
        var at = SpanBatchWriter.WritePrefix(bytes, ref header, runs, holes, spans);
        "a\nb\nc\n"u8.CopyTo(bytes.AsSpan(at));
        return bytes;
    }
}
