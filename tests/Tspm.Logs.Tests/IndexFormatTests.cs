using System.Runtime.InteropServices;
using Tspm.CaptureLog;
using Tspm.Logs.Index;

namespace Tspm.Logs.Tests;

/// <summary>The bytes of the index are a promise to every later version.</summary>
public sealed class IndexFormatTests
{
    [Fact]
    public void Header_slot_has_these_bytes()
    {
        var slot = HeaderSlot.Create(
            Guid.Parse("01020304-0506-7708-890a-0b0c0d0e0f10"),
            firstSeq: 0x1112131415161718,
            epoch: 0x21222324,
            process: 0x31323334,
            wall: 0x4142434445464748
        );

        Assert.Equal(
            "010001003FAB14AA5453504D494458310102030405067708890A0B0C0D0E0F101817161514131211242322213433323148474645444342410000000000000000",
            Hex(slot)
        );
        Assert.True(slot.IsGood);
    }

    [Fact]
    public void Header_slot_with_any_bit_flipped_is_refused()
    {
        var slot = HeaderSlot.Create(Guid.CreateVersion7(), 1, 1, 1, 1);
        for (var bit = 0; bit < LogSpan.Size * 8; bit++)
        {
            var bytes = MemoryMarshal.AsBytes(new ReadOnlySpan<HeaderSlot>(in slot)).ToArray();
            bytes[bit / 8] ^= (byte)(1 << (bit % 8));

            Assert.False(MemoryMarshal.Read<HeaderSlot>(bytes).IsGood, $"bit {bit}");
        }
    }

    [Fact]
    public void Span_slot_has_these_bytes()
    {
        var slot = new LogSpan
        {
            Kind = SlotKind.Span,
            Stream = StreamKind.Err,
            Flags = (SpanFlags)0x0102,
            Count = 0x11121314,
            Seq = 0x2122232425262728,
            Offset = 0x3132333435363738,
            Length = 0x41424344,
            Run = 0x51525354,
            Ord = 0x6162636465666768,
            Wall = 0x7172737475767778,
            Mono = 0x0182838485868788,
            Aux = 0x9192939495969798,
        };

        Assert.Equal(
            "02010201141312112827262524232221383736353433323144434241545352516867666564636261787776757473727188878685848382019897969594939291",
            Hex(slot)
        );
    }

    [Fact]
    public void Commit_slot_has_these_bytes()
    {
        var slot = new CommitSlot
        {
            Kind = SlotKind.Commit,
            Flags = CommitSlot.CleanClose | CommitSlot.FirstOfEpoch,
            Slots = 0x0102,
            Checksum = 0x11121314,
            JournalPosition = 0x2122232425262728,
            OutConsumed = 0x3132333435363738,
            ErrConsumed = 0x4142434445464748,
            LastSeq = 0x5152535455565758,
            BytesChecksum = 0x61626364,
            Epoch = 0x71727374,
            Run = 0x81828384,
            OutPart = 0x9192,
            ErrPart = 0xA1A2,
            OutPartSpan = 0xB1B2B3B4,
            ErrPartSpan = 0xC1C2C3C4,
        };

        Assert.Equal(
            "060302011413121128272625242322213837363534333231484746454443424158575655545352516463626174737271848382819291A2A1B4B3B2B1C4C3C2C1",
            Hex(slot)
        );
    }

    [Fact]
    public void Checkpoint_slot_has_these_bytes()
    {
        var slot = new CheckpointSlot
        {
            Kind = SlotKind.Checkpoint,
            Stream = StreamKind.Out,
            Flags = CheckpointSlot.Ended,
            Run = 0x11121314,
            Consumed = 0x2122232425262728,
            PartFirstSeq = 0x3132333435363738,
            PartIndex = 0x41424344,
        };

        Assert.Equal(
            "05000100141312112827262524232221383736353433323144434241000000000000000000000000000000000000000000000000000000000000000000000000",
            Hex(slot)
        );
    }

    [Fact]
    public void Floor_slot_has_these_bytes()
    {
        var slot = new FloorSlot
        {
            Kind = SlotKind.Floor,
            ExpiredTo = 0x0102030405060708,
            FlushedTo = 0x1112131415161718,
        };

        Assert.Equal(
            "08000000000000000807060504030201181716151413121100000000000000000000000000000000000000000000000000000000000000000000000000000000",
            Hex(slot)
        );
    }

    [Fact]
    public void Range_slot_has_these_bytes()
    {
        var slot = new RangeSlot
        {
            Kind = SlotKind.Range,
            Stream = StreamKind.Err,
            What = RangeKind.Suspect,
            Run = 0x11121314,
            From = 0x2122232425262728,
            To = 0x3132333435363738,
        };

        Assert.Equal(
            "09010200141312112827262524232221383736353433323100000000000000000000000000000000000000000000000000000000000000000000000000000000",
            Hex(slot)
        );
    }

    [Fact]
    public void A_header_of_a_later_format_is_known_by_its_checksum_and_one_of_this_whose_version_is_damaged_is_mended()
    {
        var slot = HeaderSlot.Create(Guid.CreateVersion7(), 1, 1, 1, 1);
        var later = slot;
        later.Version++;

        Assert.False(later.IsOfLaterVersion);
        Assert.True(later.TryMend(out var mended));
        Assert.Equal(Hex(slot), Hex(mended));

        later.Checksum = later.ComputeLaterChecksum();
        Assert.True(later.IsOfLaterVersion);
        Assert.False(later.TryMend(out _));
        for (var bit = 0; bit < LogSpan.Size * 8; bit++)
        {
            var bytes = MemoryMarshal.AsBytes(new ReadOnlySpan<HeaderSlot>(in later)).ToArray();
            bytes[bit / 8] ^= (byte)(1 << (bit % 8));
            Assert.False(MemoryMarshal.Read<HeaderSlot>(bytes).IsOfLaterVersion, $"bit {bit}");
        }
    }

    [Fact]
    public void Hole_slot_has_these_bytes()
    {
        var sequencer = new LogSequencer();
        sequencer.Resume(0x2122232425262727);
        var slot = new LogSpan
        {
            Stream = StreamKind.Err,
            Count = 0x11121314,
            Offset = 0x3132333435363738,
            Run = 0x51525354,
            Ord = 0x6162636465666768,
            Wall = 0x7172737475767778,
            Mono = 0x0182838485868788,
            Aux = (ulong)HoleReason.Dropped,
        };
        sequencer.AppendHole(ref slot);

        Assert.Equal(
            "07010000141312112827262524232221383736353433323100000000545352516867666564636261787776757473727188878685848382010200000000000000",
            Hex(sequencer.Slots[0])
        );
        Assert.Equal(HoleReason.Dropped, sequencer.Slots[0].HoleReason);
    }

    private static string Hex<T>(in T slot)
        where T : unmanaged =>
        Convert.ToHexString(MemoryMarshal.AsBytes(new ReadOnlySpan<T>(in slot)));
}
