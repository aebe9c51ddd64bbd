using System.Text.Json;
using CsCheck;
using SmartIpc.Framing;

namespace SmartIpc.Tests;

/// <summary>Frames and handshakes that are nearly right: cut as a naive reader cuts them however they arrive, or refused as a violation.</summary>
public sealed class FrameFuzzTests
{
    private const int MaxFrame = 4096;

    private static readonly Gen<byte[]> Stream = Gen.Select(
            OneOf(
                FrameKind.Request,
                FrameKind.Notify,
                FrameKind.Subscribe,
                FrameKind.Ping,
                FrameKind.Cancel
            ),
            Gen.UInt,
            Gen.UShort,
            Gen.Byte.Array[1, 60]
        )
        .Select(one => Frame(one.Item1, one.Item2, one.Item3, one.Item4))
        .Array[1, 6]
        .Select(frames => frames.SelectMany(frame => frame).ToArray());

    private static readonly Gen<byte[]> Words = OneOf(
            """{"protoMin":1,"protoMax":1,"client":"tspm/0.1.0","build":"b","wants":["x","y"]}""",
            """{"proto":1,"daemonId":"d","build":"b","version":"0.1.0","features":["f"],"heartbeatMs":5000,"maxFrame":262144}""",
            """{"reason":"stop","message":"m","retryAfterMs":1000}""",
            """{"code":"not-found","message":"m","hint":"h"}""",
            """{"topic":"logs.1","gen":1,"credit":262144,"options":{"tail":10,"streams":["out"]}}""",
            """{"gen":1,"dseq":7,"from":3,"to":9,"count":7,"epoch":1,"reason":"slow","recoverable":"disk"}"""
        )
        .Select(System.Text.Encoding.UTF8.GetBytes);

    private static Gen<T> OneOf<T>(params T[] all) =>
        Gen.Int[0, all.Length - 1].Select(i => all[i]);

    [Fact]
    public void However_a_stream_arrives_it_is_cut_as_a_naive_reader_cuts_it() =>
        Mutant.Fuzz(Stream, bytes => AssertSame(Naive(bytes), bytes));

    [Fact]
    public void A_reader_that_believes_every_length_is_caught() =>
        Assert.ThrowsAny<Exception>(() =>
            Mutant.Fuzz(Stream, bytes => AssertSame(Naive(bytes, mustCheck: false), bytes))
        );

    [Fact]
    public void Words_of_the_protocol_are_read_or_refused_as_a_violation() =>
        Mutant.Fuzz(
            Words,
            bytes =>
            {
                Refuses(() => ControlReader.Hello(bytes));
                Refuses(() => ControlReader.Welcome(bytes));
                Refuses(() => ControlReader.Farewell(bytes));
                Refuses(() => ControlReader.Error(bytes));
                Refuses(() => ControlReader.Subscribe(bytes));
                Refuses(() => ControlReader.Stream(bytes));
            }
        );

    private static void Refuses(Action read)
    {
        try
        {
            read();
        }
        catch (Exception e) when (e is ProtocolViolationException or JsonException)
        {
            // Both close the connection with a reason, and nothing else does.
        }
    }

    private static void AssertSame(List<string> expected, byte[] bytes)
    {
        foreach (var step in new[] { 1, 7, bytes.Length + 1 })
        {
            Assert.Equal(expected, Assembled(bytes, step));
        }
    }

    private static List<string> Assembled(byte[] bytes, int step)
    {
        using var assembler = new FrameAssembler(Rule(), bufferBytes: 64);
        var found = new List<string>();
        try
        {
            for (var at = 0; at < bytes.Length; )
            {
                var into = assembler.ReceiveMemory;
                var count = Math.Min(Math.Min(step, into.Length), bytes.Length - at);
                bytes.AsMemory(at, count).CopyTo(into);
                assembler.Received(count);
                at += count;
                while (assembler.TryRead())
                {
                    found.Add(Text(assembler.Header, assembler.Payload.Span));
                }
            }
        }
        catch (ProtocolViolationException)
        {
            found.Add("violation");
        }

        return found;
    }

    private static List<string> Naive(byte[] bytes, bool mustCheck = true)
    {
        var found = new List<string>();
        var rule = Rule();
        for (var at = 0; at + FrameHeader.Size <= bytes.Length; )
        {
            var header = FrameHeader.Read(bytes.AsSpan(at));
            try
            {
                if (mustCheck)
                {
                    rule.Check(header);
                }
            }
            catch (ProtocolViolationException)
            {
                found.Add("violation");
                break;
            }

            at += FrameHeader.Size;
            if (header.Length > bytes.Length - at)
            {
                break;
            }

            found.Add(Text(header, bytes.AsSpan(at, header.Length)));
            at += header.Length;
        }

        return found;
    }

    private static string Text(in FrameHeader header, ReadOnlySpan<byte> payload) =>
        $"{header} {Convert.ToHexString(payload)}";

    private static ServerFrameRule Rule() =>
        new(MaxFrame, new Dictionary<ushort, int>()) { IsGreeted = true };

    private static byte[] Frame(FrameKind kind, uint id, ushort method, byte[] payload)
    {
        var body = kind == FrameKind.Cancel ? [] : payload;
        var bytes = new byte[FrameHeader.Size + body.Length];
        new FrameHeader(body.Length, kind, FrameFlags.None, method, id).Write(bytes);
        body.CopyTo(bytes, FrameHeader.Size);
        return bytes;
    }
}
