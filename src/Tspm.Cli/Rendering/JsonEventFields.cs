using System.Buffers;
using System.Text.Json;

namespace Tspm.Cli.Rendering;

/// <summary>The fields of an event's body, flattened into the object around it.</summary>
internal static class JsonEventFields
{
    // Written by the caller, from the span; the body must not say otherwise.
    private static readonly HashSet<string> Reserved = new(StringComparer.Ordinal)
    {
        "v",
        "kind",
        "log",
        "id",
        "ns",
        "name",
        "seq",
        "epoch",
        "runId",
        "run",
        "ord",
        "ts",
        "stream",
        "msg",
        "enc",
        "raw",
        "durable",
        "cursor",
    };

    /// <summary>Writes <c>,"what":…</c> and the other fields; a body that is no JSON object goes into <c>raw</c>.</summary>
    public static void Write(ReadOnlySpan<byte> body, ref ByteSink sink)
    {
        if (TryRender(body) is { } fields)
        {
            sink.Write(fields.WrittenSpan);
            return;
        }

        sink.Write(",\"what\":\"unknown\",\"enc\":\"base64\",\"raw\":"u8);
        JsonText.WriteBase64(body, ref sink);
    }

    private static ArrayBufferWriter<byte>? TryRender(ReadOnlySpan<byte> body)
    {
        try
        {
            var reader = new Utf8JsonReader(body);
            var root = JsonElement.ParseValue(ref reader);
            if (root.ValueKind != JsonValueKind.Object)
            {
                return null;
            }

            var output = new ArrayBufferWriter<byte>();
            var sink = new ByteSink(output);
            foreach (var field in root.EnumerateObject())
            {
                if (!Reserved.Contains(field.Name))
                {
                    sink.Write((byte)',');
                    WriteField(field, ref sink);
                }
            }

            sink.Commit();
            return output;
        }
        catch (Exception fault) when (fault is JsonException or InvalidOperationException)
        {
            // Not JSON, or a string in it is not Unicode: the caller keeps the bytes.
            return null;
        }
    }

    private static void WriteField(JsonProperty field, ref ByteSink sink)
    {
        JsonText.Write(field.Name, ref sink);
        sink.Write((byte)':');
        WriteValue(field.Value, ref sink);
    }

    private static void WriteValue(JsonElement value, ref ByteSink sink)
    {
        var isFirst = true;
        switch (value.ValueKind)
        {
            case JsonValueKind.Object:
                sink.Write((byte)'{');
                foreach (var field in value.EnumerateObject())
                {
                    WriteComma(ref isFirst, ref sink);
                    WriteField(field, ref sink);
                }

                sink.Write((byte)'}');
                break;
            case JsonValueKind.Array:
                sink.Write((byte)'[');
                foreach (var item in value.EnumerateArray())
                {
                    WriteComma(ref isFirst, ref sink);
                    WriteValue(item, ref sink);
                }

                sink.Write((byte)']');
                break;
            case JsonValueKind.String:
                // ValueKind String is never null.
                JsonText.Write(value.GetString()!, ref sink);
                break;
            default:
                sink.Write(System.Text.Encoding.ASCII.GetBytes(value.GetRawText()));
                break;
        }
    }

    private static void WriteComma(ref bool isFirst, ref ByteSink sink)
    {
        if (!isFirst)
        {
            sink.Write((byte)',');
        }

        isFirst = false;
    }
}
