using SmartIpc.Connections;
using SmartIpc.Requests;
using SmartIpc.Topics;

namespace SmartIpc.Framing;

/// <summary>Reads the control payloads of the wire contract; unknown fields are skipped.</summary>
/// <remarks>Throws <see cref="ProtocolViolationException"/> or <see cref="System.Text.Json.JsonException"/>.</remarks>
internal static class ControlReader
{
    public static ClientHello Hello(ReadOnlySpan<byte> utf8)
    {
        var hello = new ClientHello(1, 1, "", "", []);
        var fields = new ControlFields(utf8);
        while (fields.Next())
        {
            if (fields.Is("protoMin"u8))
            {
                hello = hello with { ProtocolMin = fields.Int32() };
            }
            else if (fields.Is("protoMax"u8))
            {
                hello = hello with { ProtocolMax = fields.Int32() };
            }
            else if (fields.Is("client"u8))
            {
                hello = hello with { ClientName = fields.Text() };
            }
            else if (fields.Is("build"u8))
            {
                hello = hello with { BuildId = fields.Text() };
            }
            else if (fields.Is("wants"u8))
            {
                hello = hello with { Wants = fields.Texts() };
            }
            else
            {
                fields.Skip();
            }
        }

        return hello;
    }

    public static ServerWelcome Welcome(ReadOnlySpan<byte> utf8)
    {
        var welcome = new ServerWelcome(1, "", "", "", [], TimeSpan.FromSeconds(5), 256 * 1024);
        var fields = new ControlFields(utf8);
        while (fields.Next())
        {
            if (fields.Is("proto"u8))
            {
                welcome = welcome with { Protocol = fields.Int32() };
            }
            else if (fields.Is("daemonId"u8))
            {
                welcome = welcome with { DaemonId = fields.Text() };
            }
            else if (fields.Is("build"u8))
            {
                welcome = welcome with { BuildId = fields.Text() };
            }
            else if (fields.Is("version"u8))
            {
                welcome = welcome with { Version = fields.Text() };
            }
            else if (fields.Is("features"u8))
            {
                welcome = welcome with { Features = fields.Texts() };
            }
            else if (fields.Is("heartbeatMs"u8))
            {
                welcome = welcome with
                {
                    HeartbeatInterval = TimeSpan.FromMilliseconds(fields.Int32()),
                };
            }
            else if (fields.Is("maxFrame"u8))
            {
                welcome = welcome with { MaxFrameBytes = fields.Int32() };
            }
            else
            {
                fields.Skip();
            }
        }

        return welcome;
    }

    /// <summary>Reads a refusal or a bye: a word that says why, a message, and when to come back.</summary>
    public static (string Code, string Message, TimeSpan RetryAfter) Farewell(
        ReadOnlySpan<byte> utf8
    )
    {
        var code = "";
        var message = "";
        var retryAfter = TimeSpan.Zero;
        var fields = new ControlFields(utf8);
        while (fields.Next())
        {
            if (fields.Is("code"u8) || fields.Is("reason"u8))
            {
                code = fields.Text();
            }
            else if (fields.Is("message"u8))
            {
                message = fields.Text();
            }
            else if (fields.Is("retryAfterMs"u8))
            {
                retryAfter = TimeSpan.FromMilliseconds(Math.Max(0, fields.Int32()));
            }
            else
            {
                fields.Skip();
            }
        }

        return (code, message, retryAfter);
    }

    public static IpcError Error(ReadOnlySpan<byte> utf8)
    {
        var error = new IpcError(IpcErrorCodes.Internal, "");
        var fields = new ControlFields(utf8);
        while (fields.Next())
        {
            if (fields.Is("code"u8))
            {
                error = error with { Code = fields.Text() };
            }
            else if (fields.Is("message"u8))
            {
                error = error with { Message = fields.Text() };
            }
            else if (fields.Is("hint"u8))
            {
                error = error with { Hint = fields.Text() };
            }
            else
            {
                fields.Skip();
            }
        }

        return error;
    }

    public static SubscribeText Subscribe(ReadOnlySpan<byte> utf8)
    {
        var result = new SubscribeText("", 0, 0, "{}"u8.ToArray());
        var fields = new ControlFields(utf8);
        while (fields.Next())
        {
            if (fields.Is("topic"u8))
            {
                result = result with { Topic = fields.Text() };
            }
            else if (fields.Is("gen"u8))
            {
                result = result with { Gen = fields.Gen() };
            }
            else if (fields.Is("credit"u8))
            {
                result = result with { Credit = fields.Number() };
            }
            else if (fields.Is("options"u8))
            {
                result = result with { Options = fields.Raw().ToArray() };
            }
            else
            {
                fields.Skip();
            }
        }

        return result;
    }

    /// <summary>Reads what subscribed, gap, caughtUp, credit and ended have, each its part of it.</summary>
    public static StreamText Stream(ReadOnlySpan<byte> utf8)
    {
        var text = default(StreamText);
        var gap = new TopicGap(0, 0, 0, 0, "", "");
        var fields = new ControlFields(utf8);
        while (fields.Next())
        {
            if (fields.Is("gen"u8))
            {
                text.Gen = fields.Gen();
            }
            else if (fields.Is("dseq"u8))
            {
                text.Dseq = (ulong)fields.Number();
            }
            else if (fields.Is("bytes"u8) || fields.Is("at"u8))
            {
                text.Amount = fields.Number();
            }
            else if (fields.Is("info"u8))
            {
                text.InfoUtf8 = fields.Raw();
            }
            else if (fields.Is("reason"u8))
            {
                gap = gap with { Reason = fields.Text() };
            }
            else
            {
                gap = ReadGapField(ref fields, gap);
            }
        }

        text.Gap = gap;
        return text;
    }

    private static TopicGap ReadGapField(ref ControlFields fields, TopicGap gap)
    {
        if (fields.Is("from"u8))
        {
            return gap with { From = fields.Number() };
        }

        if (fields.Is("to"u8))
        {
            return gap with { To = fields.Number() };
        }

        if (fields.Is("count"u8))
        {
            return gap with { Count = fields.Number() };
        }

        if (fields.Is("epoch"u8))
        {
            return gap with { Epoch = fields.Number() };
        }

        if (fields.Is("recoverable"u8))
        {
            return gap with { Recoverable = fields.Text() };
        }

        fields.Skip();
        return gap;
    }
}

/// <summary>A subscribe payload as read.</summary>
internal sealed record SubscribeText(
    string Topic,
    uint Gen,
    long Credit,
    ReadOnlyMemory<byte> Options
);

/// <summary>The fields of the small frames of a subscription.</summary>
internal ref struct StreamText
{
    public uint Gen;
    public ulong Dseq;
    public long Amount;
    public ReadOnlySpan<byte> InfoUtf8;
    public TopicGap Gap;
}
