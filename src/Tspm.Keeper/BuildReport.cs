using System.Text;
using System.Text.Json;

namespace Tspm.Keeper;

/// <summary>What a program says of itself when it is run as <c>tspm __build</c>: which formats and protocols it understands.</summary>
/// <param name="Version">Its version.</param>
/// <param name="Build">Its build.</param>
/// <param name="Ranges">For each format the oldest and the newest number it understands; it writes the newest.</param>
public sealed record BuildReport(
    string Version,
    string Build,
    IReadOnlyDictionary<string, FormatRange> Ranges
)
{
    /// <summary>The hidden command that prints it.</summary>
    public const string Command = "__build";

    /// <summary>One line of JSON.</summary>
    public string ToJson()
    {
        using var bytes = new MemoryStream();
        using (var json = new Utf8JsonWriter(bytes))
        {
            json.WriteStartObject();
            json.WriteString("version", Version);
            json.WriteString("build", Build);
            json.WriteStartObject("formats");
            foreach (var (name, range) in Ranges)
            {
                json.WriteStartArray(name);
                json.WriteNumberValue(range.Oldest);
                json.WriteNumberValue(range.Newest);
                json.WriteEndArray();
            }

            json.WriteEndObject();
            json.WriteEndObject();
        }

        return Encoding.UTF8.GetString(bytes.ToArray());
    }

    /// <summary>Reads what a program printed; null if it is no such report.</summary>
    public static BuildReport? Parse(ReadOnlyMemory<byte> text)
    {
        try
        {
            using var document = JsonDocument.Parse(text);
            var root = document.RootElement;
            var ranges = new Dictionary<string, FormatRange>(StringComparer.Ordinal);
            foreach (var format in root.GetProperty("formats").EnumerateObject())
            {
                ranges[format.Name] = new FormatRange(
                    format.Value[0].GetInt32(),
                    format.Value[1].GetInt32()
                );
            }

            return new BuildReport(
                root.GetProperty("version").GetString() ?? "",
                root.GetProperty("build").GetString() ?? "",
                ranges
            );
        }
        catch (Exception wrong)
            when (wrong
                    is JsonException
                        or KeyNotFoundException
                        or InvalidOperationException
                        or IndexOutOfRangeException
                        or FormatException
            )
        {
            // Whatever it printed, it is no report.
            return null;
        }
    }

    /// <summary>Why this program cannot go on where another one stops; null if it can.</summary>
    /// <param name="before">The program that is in charge now.</param>
    public string? FindFault(BuildReport before)
    {
        foreach (var (name, range) in before.Ranges)
        {
            if (
                !Ranges.TryGetValue(name, out var mine)
                || range.Newest < mine.Oldest
                || range.Newest > mine.Newest
            )
            {
                var known = mine == default ? "none" : mine.ToString();
                return $"version {Version} (build {Build}) understands {name} {known}, here it is {range.Newest} (version {before.Version}, build {before.Build})";
            }
        }

        return null;
    }
}

/// <summary>Which numbers of a format a program understands.</summary>
/// <param name="Oldest">The oldest.</param>
/// <param name="Newest">The newest.</param>
public readonly record struct FormatRange(int Oldest, int Newest)
{
    /// <inheritdoc/>
    public override string ToString() => Oldest == Newest ? $"{Oldest}" : $"{Oldest} to {Newest}";
}
