namespace SmartIpc.Framing;

/// <summary>Says whether a header may be followed, before a byte is allocated for its payload.</summary>
internal abstract class FrameRule
{
    public const int MaxHandshakeBytes = 4096;
    public const int MaxPingBytes = 64;

    /// <summary>Throws <see cref="ProtocolViolationException"/> for a frame that must not come now or is too long.</summary>
    public void Check(in FrameHeader header)
    {
        var max = MaxLength(header);
        if (max < 0)
        {
            throw new ProtocolViolationException(
                $"A frame of kind {(byte)header.Kind} is not allowed here."
            );
        }

        if ((uint)header.Length > (uint)max)
        {
            throw new ProtocolViolationException(
                $"A frame of kind {(byte)header.Kind} has {(uint)header.Length} bytes; {max} are allowed."
            );
        }

        if (header.Length == 0 && !MayBeEmpty(header.Kind))
        {
            throw new ProtocolViolationException(
                $"A frame of kind {(byte)header.Kind} has no payload."
            );
        }
    }

    /// <summary>The longest payload for this header, or -1 if the kind must not come now.</summary>
    protected abstract int MaxLength(in FrameHeader header);

    private static bool MayBeEmpty(FrameKind kind) =>
        kind
            is FrameKind.Ping
                or FrameKind.Pong
                or FrameKind.Cancel
                or FrameKind.Unsubscribe
                or FrameKind.Unsubscribed
        || (byte)kind >= 128;
}

/// <summary>What a server takes: hello first, then what a client may say.</summary>
internal sealed class ServerFrameRule(
    int maxFrameBytes,
    IReadOnlyDictionary<ushort, int> methodLimits
) : FrameRule
{
    /// <summary>Set once the hello has been accepted.</summary>
    public bool IsGreeted { get; set; }

    protected override int MaxLength(in FrameHeader header)
    {
        if (!IsGreeted)
        {
            return header.Kind == FrameKind.Hello ? MaxHandshakeBytes : -1;
        }

        switch (header.Kind)
        {
            case FrameKind.Ping or FrameKind.Pong:
                return MaxPingBytes;
            case FrameKind.Cancel or FrameKind.Unsubscribe:
                return 0;
            case FrameKind.Request or FrameKind.Notify:
                return methodLimits.TryGetValue(header.Method, out var limit)
                    ? limit
                    : maxFrameBytes;
            case FrameKind.Subscribe or FrameKind.Credit:
                return maxFrameBytes;
            default:
                return (byte)header.Kind >= 128 ? maxFrameBytes : -1;
        }
    }
}

/// <summary>What a client takes: a welcome or a refusal first, then what a server may say.</summary>
internal sealed class ClientFrameRule(int maxFrameBytes) : FrameRule
{
    /// <summary>Set once the welcome has come.</summary>
    public bool IsGreeted { get; set; }

    protected override int MaxLength(in FrameHeader header)
    {
        switch (header.Kind)
        {
            case FrameKind.Welcome or FrameKind.Refuse:
                return IsGreeted ? -1 : MaxHandshakeBytes;
            case FrameKind.Bye:
                return MaxHandshakeBytes;
            case FrameKind.Ping or FrameKind.Pong:
                return IsGreeted ? MaxPingBytes : -1;
            case FrameKind.Unsubscribed:
                return IsGreeted ? 0 : -1;
            case FrameKind.Reply
            or FrameKind.Error
            or FrameKind.Subscribed
            or FrameKind.Batch
            or FrameKind.Gap
            or FrameKind.CaughtUp
            or FrameKind.Ended:
                return IsGreeted ? maxFrameBytes : -1;
            default:
                return (byte)header.Kind >= 128 && IsGreeted ? maxFrameBytes : -1;
        }
    }
}
