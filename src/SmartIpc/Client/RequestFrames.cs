using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using SmartIpc.Framing;

namespace SmartIpc.Client;

/// <summary>Writes requests and reads replies.</summary>
internal static class RequestFrames
{
    private const int MaxRequestBytes = 4 * 1024 * 1024;

    public static FrameBuffer Write<T>(
        FrameKind kind,
        uint id,
        ushort method,
        T request,
        JsonTypeInfo<T> type
    )
    {
        var frame = new FrameBuffer(MaxRequestBytes);
        using (var json = new Utf8JsonWriter(frame))
        {
            JsonSerializer.Serialize(json, request, type);
        }

        return frame.Seal(kind, id, FrameFlags.None, method);
    }

    public static T ReadReply<T>(ReadOnlySpan<byte> utf8, JsonTypeInfo<T> type)
    {
        try
        {
            return JsonSerializer.Deserialize(utf8, type)
                ?? throw new IpcException(IpcErrorCode.Protocol, "The reply is null.");
        }
        catch (Exception e)
            when (e is JsonException or InvalidOperationException or FormatException)
        {
            throw new IpcException(
                IpcErrorCode.Protocol,
                "The reply cannot be read: " + e.Message,
                e
            );
        }
    }
}
