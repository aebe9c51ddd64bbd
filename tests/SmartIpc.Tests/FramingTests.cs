using System.Text;
using CsCheck;
using SmartIpc.Connections;
using SmartIpc.Framing;
using SmartIpc.Requests;
using SmartIpc.Topics;

namespace SmartIpc.Tests;

public sealed class FramingTests
{
    private static readonly Gen<(byte Kind, uint Id, ushort Method, byte[] Payload)[]> Frames =
        Gen.Select(
            Gen.Byte[128, 255],
            Gen.UInt,
            Gen.UShort,
            Gen.OneOf(Gen.Byte.Array[0, 30], Gen.Byte.Array[0, 3000])
        ).Array[1, 12];

    [Fact]
    public void A_header_has_the_bytes_of_the_contract()
    {
        var bytes = new byte[FrameHeader.Size];

        new FrameHeader(0x01020304, FrameKind.Request, FrameFlags.Binary, 0x0506, 0x0708090A).Write(
            bytes
        );

        Assert.Equal("04030201100106050A090807", Convert.ToHexString(bytes));
        Assert.Equal(
            new FrameHeader(0x01020304, FrameKind.Request, FrameFlags.Binary, 0x0506, 0x0708090A),
            FrameHeader.Read(bytes)
        );
    }

    [Fact]
    public void Handshake_frames_have_the_bytes_of_the_contract()
    {
        var welcome = new ServerWelcome(
            1,
            "d",
            "b",
            "0.1.0",
            ["f"],
            TimeSpan.FromSeconds(5),
            262144
        );

        AssertFrame(
            ControlWriter.Hello(new ClientHello(1, 1, "tspm/0.1.0", "b", [])),
            "01 00 0000 00000000",
            """{"protoMin":1,"protoMax":1,"client":"tspm/0.1.0","build":"b","wants":[]}"""
        );
        AssertFrame(
            ControlWriter.Welcome(welcome),
            "02 00 0000 00000000",
            """{"proto":1,"daemonId":"d","build":"b","version":"0.1.0","features":["f"],"heartbeatMs":5000,"maxFrame":262144}"""
        );
        AssertFrame(
            ControlWriter.Refuse("busy", "m", 1, 2),
            "03 00 0000 00000000",
            """{"code":"busy","message":"m","protoMin":1,"protoMax":2}"""
        );
        AssertFrame(ControlWriter.Bytes(FrameKind.Ping, 0, "p"u8), "04 00 0000 00000000", "p");
        AssertFrame(ControlWriter.Bytes(FrameKind.Pong, 0, "p"u8), "05 00 0000 00000000", "p");
        AssertFrame(
            ControlWriter.Bye("stop", "m", TimeSpan.FromSeconds(1)),
            "06 00 0000 00000000",
            """{"reason":"stop","message":"m","retryAfterMs":1000}"""
        );
    }

    [Fact]
    public void Request_frames_have_the_bytes_of_the_contract()
    {
        AssertFrame(
            Client.RequestFrames.Write(
                FrameKind.Request,
                5,
                3,
                new Words("x"),
                TestJson.Default.Words
            ),
            "10 00 0300 05000000",
            """{"Text":"x"}"""
        );
        AssertFrame(
            ControlWriter.Error(9, new IpcError("not-found", "m", "h")),
            "12 00 0000 09000000",
            """{"code":"not-found","message":"m","hint":"h"}"""
        );
        AssertFrame(ControlWriter.Bytes(FrameKind.Cancel, 5, []), "14 00 0000 05000000", "");
    }

    [Fact]
    public void Subscription_frames_have_the_bytes_of_the_contract()
    {
        var gap = new TopicGap(3, 9, 7, 1, "slow", "disk");

        AssertFrame(
            ControlWriter.Subscribe(7, "logs.3", 1, 1048576, "{\"tail\":20}"u8),
            "20 00 0000 07000000",
            """{"topic":"logs.3","gen":1,"credit":1048576,"options":{"tail":20}}"""
        );
        AssertFrame(
            ControlWriter.Credit(7, 1, 65536),
            "25 00 0000 07000000",
            """{"gen":1,"bytes":65536}"""
        );
        AssertFrame(ControlWriter.Bytes(FrameKind.Unsubscribe, 7, []), "26 00 0000 07000000", "");
        AssertFrame(ControlWriter.Bytes(FrameKind.Unsubscribed, 7, []), "27 00 0000 07000000", "");
        AssertFrame(
            Filled(frame => ControlWriter.Gap(frame, 7, 1, 7, gap)),
            "23 00 0000 07000000",
            """{"gen":1,"dseq":7,"from":3,"to":9,"count":7,"epoch":1,"reason":"slow","recoverable":"disk"}"""
        );
        AssertFrame(
            Filled(frame => ControlWriter.CaughtUp(frame, 7, 1, 123)),
            "24 00 0000 07000000",
            """{"gen":1,"at":123}"""
        );
        AssertFrame(
            Filled(frame => ControlWriter.Ended(frame, 7, 1, "deleted")),
            "28 00 0000 07000000",
            """{"gen":1,"reason":"deleted"}"""
        );
    }

    [Fact]
    public void Frames_come_out_as_they_went_in_however_the_bytes_are_chopped() =>
        Gen.Select(Frames, Gen.Int[1, 700], Gen.Int[64, 512])
            .Sample(
                (frames, chop, buffer) =>
                    SurvivesChopping(frames, chop, buffer, skipFirstOfChunk: false)
            );

    [Fact]
    public void An_assembler_that_loses_a_byte_is_caught_by_the_same_property() =>
        Assert.ThrowsAny<Exception>(() =>
            Gen.Select(Frames, Gen.Int[1, 700], Gen.Int[64, 512])
                .Sample(
                    (frames, chop, buffer) =>
                        SurvivesChopping(frames, chop, buffer, skipFirstOfChunk: true)
                )
        );

    [Fact]
    public void A_stream_may_be_cut_at_every_offset()
    {
        (byte, uint, ushort, byte[])[] frames =
        [
            (1, 2, 3, [1, 2, 3]),
            (200, 8, 7, []),
            (16, 1, 1, new byte[300]),
        ];
        var length = Encode(frames).Length;

        for (var cut = 1; cut < length; cut++)
        {
            Assert.True(SurvivesChopping(frames, cut, 64, skipFirstOfChunk: false));
        }
    }

    [Fact]
    public void Options_come_through_as_raw_bytes_and_unknown_fields_are_skipped()
    {
        var text = ControlReader.Subscribe(
            """{"x":[1,{"gen":5}],"topic":"t","gen":2,"options":{ "a" : [1] },"credit":3,"y":null}"""u8
        );

        Assert.Equal(("t", 2u, 3L), (text.Topic, text.Gen, text.Credit));
        Assert.Equal("""{ "a" : [1] }""", Encoding.UTF8.GetString(text.Options.Span));
    }

    [Fact]
    public void No_bytes_make_a_control_reader_do_anything_but_read_or_refuse() =>
        Gen.OneOf(
                Gen.Byte.Array[0, 60],
                Gen.String["{}[]\":,gen0129-eE.\\u topic"].Select(Encoding.UTF8.GetBytes)
            )
            .Sample(bytes =>
            {
                AssertReadOrRefused(() => ControlReader.Hello(bytes));
                AssertReadOrRefused(() => ControlReader.Subscribe(bytes));
                AssertReadOrRefused(() => _ = ControlReader.Stream(bytes).Gen);
                AssertReadOrRefused(() => ControlReader.Error(bytes));
            });

    private static void AssertReadOrRefused(Action read)
    {
        try
        {
            read();
        }
        catch (Exception e) when (e is ProtocolViolationException or System.Text.Json.JsonException)
        {
            // Refused.
        }
    }

    private static bool SurvivesChopping(
        (byte Kind, uint Id, ushort Method, byte[] Payload)[] frames,
        int chop,
        int buffer,
        bool skipFirstOfChunk
    )
    {
        ReadOnlySpan<byte> bytes = Encode(frames);
        using var assembler = new FrameAssembler(new AnyRule(), buffer);
        var seen = 0;
        while (!bytes.IsEmpty)
        {
            var memory = assembler.ReceiveMemory.Span;
            var count = Math.Min(Math.Min(chop, bytes.Length), memory.Length);
            bytes[..count].CopyTo(memory);
            var lost = skipFirstOfChunk && count > 1 ? 1 : 0;
            assembler.Received(count - lost);
            bytes = bytes[count..];
            while (assembler.TryRead())
            {
                var expected = frames[seen++];
                var header = assembler.Header;
                if (
                    (expected.Kind, expected.Id, expected.Method)
                        != ((byte)header.Kind, header.Id, header.Method)
                    || !assembler.Payload.Span.SequenceEqual(expected.Payload)
                )
                {
                    return false;
                }

                if (seen % 2 == 0)
                {
                    using var lease = assembler.TakePayload();
                    if (!lease.Span.SequenceEqual(expected.Payload))
                    {
                        return false;
                    }
                }
            }
        }

        return seen == frames.Length && assembler.IsAtBoundary;
    }

    private static byte[] Encode((byte Kind, uint Id, ushort Method, byte[] Payload)[] frames)
    {
        // The naive model: header and payload one after the other.
        using var bytes = new MemoryStream();
        foreach (var (kind, id, method, payload) in frames)
        {
            bytes.Write(RawPeer.HeaderBytes(payload.Length, (FrameKind)kind, id, method));
            bytes.Write(payload);
        }

        return bytes.ToArray();
    }

    private static TopicFrame Filled(Action<TopicFrame> fill)
    {
        var frame = new TopicFrame(4096);
        fill(frame);
        return frame;
    }

    private static void AssertFrame(FrameBuffer frame, string headerAfterLength, string payload)
    {
        using (frame)
        {
            var expected =
                Convert.ToHexString(BitConverter.GetBytes(Encoding.UTF8.GetByteCount(payload)))
                + headerAfterLength.Replace(" ", "", StringComparison.Ordinal);
            Assert.Equal(expected, Convert.ToHexString(frame.Sealed.Span[..FrameHeader.Size]));
            Assert.Equal(payload, Encoding.UTF8.GetString(frame.Written));
        }
    }

    private sealed class AnyRule : FrameRule
    {
        protected override int MaxLength(in FrameHeader header) => 10_000;
    }
}
