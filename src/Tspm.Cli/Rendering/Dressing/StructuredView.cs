using System.Text;

namespace Tspm.Cli.Rendering.Dressing;

/// <summary>Shows lines of JSON and logfmt as people read them, some of them, or some of their fields.</summary>
/// <param name="terms">All must match; a line without fields then is hidden.</param>
/// <param name="select">Only these fields; null for all.</param>
/// <param name="isPretty">Whole lines readably.</param>
internal sealed class StructuredView(
    IReadOnlyList<FieldTerm> terms,
    IReadOnlyList<string>? select,
    bool isPretty
)
{
    private const int LevelWidth = 5;

    /// <summary>The lines to show instead of a line; null to show it as it is, none to hide it.</summary>
    public IReadOnlyList<string>? LinesOf(ReadOnlySpan<byte> line)
    {
        if (LineFields.Read(line) is not { } fields)
        {
            return terms.Count > 0 ? [] : null;
        }

        if (!terms.All(term => term.Matches(fields)))
        {
            return [];
        }

        return select is not null ? [Selected(fields, select)]
            : isPretty ? Pretty(fields)
            : null;
    }

    private static string Selected(LineFields fields, IReadOnlyList<string> names) =>
        string.Join(
            ' ',
            names.Select(name =>
                OneLine(
                    fields.Find(name) is not { } value ? "-"
                    : LineFields.IsLevel(name) ? LineFields.LevelOf(value)
                    : value
                )
            )
        );

    // 2026-01-31T14:05:06Z INFO  server started port=3000; what has several lines comes below, indented.
    private static List<string> Pretty(LineFields fields)
    {
        var text = new StringBuilder();
        var below = new List<string>();
        if (fields.Find("time") is { } time)
        {
            text.Append(OneLine(time)).Append(' ');
        }

        if (fields.Find("level") is { } level)
        {
            text.Append(OneLine(LineFields.LevelOf(level)).ToUpperInvariant().PadRight(LevelWidth))
                .Append(' ');
        }

        text.Append(OneLine(fields.Find("msg") ?? ""));
        foreach (var (name, value) in fields.All)
        {
            if (LineFields.IsTime(name) || LineFields.IsLevel(name) || LineFields.IsMessage(name))
            {
                continue;
            }

            if (value.Contains('\n', StringComparison.Ordinal))
            {
                below.Add($"    {name}:");
                below.AddRange(value.Split('\n').Select(line => $"    {OneLine(line)}"));
                continue;
            }

            text.Append(text.Length > 0 && text[^1] != ' ' ? " " : "")
                .Append(OneLine(name))
                .Append('=')
                .Append(Quoted(value));
        }

        below.Insert(0, text.ToString().TrimEnd());
        return below;
    }

    private static string Quoted(string value) =>
        value.Length == 0 || value.Contains(' ', StringComparison.Ordinal)
            ? $"\"{OneLine(value)}\""
            : OneLine(value);

    // A line end inside a value must not begin a row of its own.
    private static string OneLine(string value) =>
        value
            .Replace("\r", "", StringComparison.Ordinal)
            .Replace("\n", "\\n", StringComparison.Ordinal);
}
