using System.Text.Json;

namespace Tspm.Integration.Tests;

/// <summary>A row of <c>logs -o json</c>, with what specs ask of it.</summary>
/// <param name="Kind">log, event, gap, …</param>
/// <param name="Seq">0 if it has none.</param>
/// <param name="Text">Of a line.</param>
/// <param name="What">Of an event.</param>
/// <param name="Fields">All of it.</param>
internal sealed record LogRow(string Kind, long Seq, string Text, string What, JsonElement Fields)
{
    public static LogRow Read(string line)
    {
        using var json = JsonDocument.Parse(line);
        var root = json.RootElement.Clone();
        return new LogRow(
            Of(root, "kind"),
            root.TryGetProperty("seq", out var seq) ? seq.GetInt64() : 0,
            Of(root, "msg"),
            Of(root, "what"),
            root
        );
    }

    /// <summary>A text field; empty if it is not there.</summary>
    public string Of(string name) => Of(Fields, name);

    private static string Of(JsonElement row, string name) =>
        row.TryGetProperty(name, out var text) ? text.GetString()! : "";
}
