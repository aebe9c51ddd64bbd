using System.Text.Json;
using SmartIpc.Connections;
using SmartIpc.Requests;
using SmartIpc.Topics;

namespace SmartIpc.Framing;

/// <summary>Writes the control payloads of the wire contract; each method writes one whole payload.</summary>
internal static class ControlWriter
{
    [ThreadStatic]
    private static Utf8JsonWriter? _cached;

    public static FrameBuffer Hello(ClientHello hello)
    {
        var frame = new FrameBuffer(FrameRule.MaxHandshakeBytes);
        var json = Begin(frame);
        json.WriteNumber("protoMin"u8, hello.ProtocolMin);
        json.WriteNumber("protoMax"u8, hello.ProtocolMax);
        json.WriteString("client"u8, hello.ClientName);
        json.WriteString("build"u8, hello.BuildId);
        WriteTexts(json, "wants"u8, hello.Wants);
        End(json);
        return frame.Seal(FrameKind.Hello);
    }

    public static FrameBuffer Welcome(ServerWelcome welcome)
    {
        var frame = new FrameBuffer(FrameRule.MaxHandshakeBytes);
        var json = Begin(frame);
        json.WriteNumber("proto"u8, welcome.Protocol);
        json.WriteString("daemonId"u8, welcome.DaemonId);
        json.WriteString("build"u8, welcome.BuildId);
        json.WriteString("version"u8, welcome.Version);
        WriteTexts(json, "features"u8, welcome.Features);
        json.WriteNumber("heartbeatMs"u8, (long)welcome.HeartbeatInterval.TotalMilliseconds);
        json.WriteNumber("maxFrame"u8, welcome.MaxFrameBytes);
        End(json);
        return frame.Seal(FrameKind.Welcome);
    }

    public static FrameBuffer Refuse(string code, string message, int protocolMin, int protocolMax)
    {
        var frame = new FrameBuffer(FrameRule.MaxHandshakeBytes);
        var json = Begin(frame);
        json.WriteString("code"u8, code);
        json.WriteString("message"u8, message);
        json.WriteNumber("protoMin"u8, protocolMin);
        json.WriteNumber("protoMax"u8, protocolMax);
        End(json);
        return frame.Seal(FrameKind.Refuse);
    }

    public static FrameBuffer Bye(string reason, string message, TimeSpan retryAfter)
    {
        var frame = new FrameBuffer(FrameRule.MaxHandshakeBytes);
        var json = Begin(frame);
        json.WriteString("reason"u8, reason);
        json.WriteString("message"u8, message.Length > 1024 ? message[..1024] : message);
        json.WriteNumber("retryAfterMs"u8, (long)retryAfter.TotalMilliseconds);
        End(json);
        return frame.Seal(FrameKind.Bye);
    }

    public static FrameBuffer Error(uint id, IpcError error)
    {
        var frame = new FrameBuffer(64 * 1024);
        var json = Begin(frame);
        json.WriteString("code"u8, error.Code);
        json.WriteString(
            "message"u8,
            error.Message.Length > 4096 ? error.Message[..4096] : error.Message
        );
        if (error.Hint is { } hint)
        {
            json.WriteString("hint"u8, hint.Length > 4096 ? hint[..4096] : hint);
        }

        End(json);
        return frame.Seal(FrameKind.Error, id);
    }

    public static FrameBuffer Subscribe(
        uint id,
        string topic,
        uint gen,
        long credit,
        ReadOnlySpan<byte> options
    )
    {
        var frame = new FrameBuffer(256 * 1024);
        var json = Begin(frame);
        json.WriteString("topic"u8, topic);
        json.WriteNumber("gen"u8, gen);
        json.WriteNumber("credit"u8, credit);
        json.WritePropertyName("options"u8);
        json.WriteRawValue(options.IsEmpty ? "{}"u8 : options);
        End(json);
        return frame.Seal(FrameKind.Subscribe, id);
    }

    public static FrameBuffer Subscribed(uint id, uint gen, TopicCursor cursor)
    {
        var frame = new FrameBuffer(256 * 1024);
        Put(frame, "{\"gen\":"u8);
        PutNumber(frame, gen);
        Put(frame, ",\"info\":"u8);
        var before = frame.Length;
        cursor.WriteSubscribed(frame);
        if (frame.Length == before)
        {
            Put(frame, "{}"u8);
        }

        Put(frame, "}"u8);
        return frame.Seal(FrameKind.Subscribed, id);
    }

    public static FrameBuffer Credit(uint id, uint gen, long bytes)
    {
        var frame = new FrameBuffer(128);
        Put(frame, "{\"gen\":"u8);
        PutNumber(frame, gen);
        Put(frame, ",\"bytes\":"u8);
        PutNumber(frame, bytes);
        Put(frame, "}"u8);
        return frame.Seal(FrameKind.Credit, id);
    }

    public static FrameBuffer Bytes(FrameKind kind, uint id, ReadOnlySpan<byte> payload)
    {
        var frame = new FrameBuffer(payload.Length);
        if (!payload.IsEmpty)
        {
            Put(frame, payload);
        }

        return frame.Seal(kind, id);
    }

    public static void Gap(FrameBuffer frame, uint id, uint gen, ulong dseq, in TopicGap gap)
    {
        var json = Begin(frame);
        json.WriteNumber("gen"u8, gen);
        json.WriteNumber("dseq"u8, dseq);
        json.WriteNumber("from"u8, gap.From);
        json.WriteNumber("to"u8, gap.To);
        json.WriteNumber("count"u8, gap.Count);
        json.WriteNumber("epoch"u8, gap.Epoch);
        json.WriteString("reason"u8, gap.Reason);
        json.WriteString("recoverable"u8, gap.Recoverable);
        End(json);
        frame.Seal(FrameKind.Gap, id);
    }

    public static void CaughtUp(FrameBuffer frame, uint id, uint gen, long at)
    {
        var json = Begin(frame);
        json.WriteNumber("gen"u8, gen);
        json.WriteNumber("at"u8, at);
        End(json);
        frame.Seal(FrameKind.CaughtUp, id);
    }

    public static void Ended(FrameBuffer frame, uint id, uint gen, string reason)
    {
        var json = Begin(frame);
        json.WriteNumber("gen"u8, gen);
        json.WriteString("reason"u8, reason);
        End(json);
        frame.Seal(FrameKind.Ended, id);
    }

    private static Utf8JsonWriter Begin(FrameBuffer frame)
    {
        var json = _cached ??= new Utf8JsonWriter(frame);
        json.Reset(frame);
        json.WriteStartObject();
        return json;
    }

    private static void End(Utf8JsonWriter json)
    {
        json.WriteEndObject();
        json.Flush();
        // Not kept beyond the frame: the cached writer must not hold on to rented memory.
        json.Reset(Stream.Null);
    }

    private static void WriteTexts(
        Utf8JsonWriter json,
        ReadOnlySpan<byte> name,
        IReadOnlyList<string> texts
    )
    {
        json.WriteStartArray(name);
        foreach (var text in texts)
        {
            json.WriteStringValue(text);
        }

        json.WriteEndArray();
    }

    private static void Put(FrameBuffer frame, ReadOnlySpan<byte> bytes)
    {
        bytes.CopyTo(frame.GetSpan(bytes.Length));
        frame.Advance(bytes.Length);
    }

    private static void PutNumber(FrameBuffer frame, long value)
    {
        value.TryFormat(frame.GetSpan(20), out var written);
        frame.Advance(written);
    }
}
