using System.Text;
using Tspm.Protocol.Messages;

namespace Tspm.Cli.Rendering;

/// <summary>The template of <c>--format</c>: text with columns in braces, <c>{name} {status,-12} {mem,8}</c>.</summary>
/// <remarks><c>{{</c> and <c>}}</c> are braces, <c>\t</c> and <c>\n</c> what they are in C. A number is the least width; with a minus it stands to the left.</remarks>
internal sealed class ProcessTemplate
{
    private const int MaxWidth = 1000;
    private readonly List<Func<ProcessView, string>> _parts = [];

    private ProcessTemplate() { }

    /// <summary>Reads a template.</summary>
    /// <exception cref="CliException">It is wrong; says where.</exception>
    public static ProcessTemplate Parse(string text)
    {
        var template = new ProcessTemplate();
        var plain = new StringBuilder();
        for (var at = 0; at < text.Length; at++)
        {
            var next = at + 1 < text.Length ? text[at + 1] : '\0';
            switch (text[at])
            {
                case '{' or '}' when next == text[at]:
                    plain.Append(text[at++]);
                    break;
                case '\\' when next is 't' or 'n' or '\\':
                    plain.Append(
                        next == 't' ? '\t'
                        : next == 'n' ? '\n'
                        : '\\'
                    );
                    at++;
                    break;
                case '{':
                    var end = text.IndexOf('}', at);
                    if (end < 0)
                    {
                        throw Wrong("a brace is not closed", at);
                    }

                    template.AddText(plain);
                    template.AddColumn(text[(at + 1)..end], at);
                    at = end;
                    break;
                case '}':
                    throw Wrong("a brace is closed that was not opened", at);
                default:
                    plain.Append(text[at]);
                    break;
            }
        }

        template.AddText(plain);
        return template;
    }

    /// <summary>The text for a process.</summary>
    public string Format(ProcessView process) =>
        string.Concat(_parts.Select(part => part(process)));

    private void AddText(StringBuilder plain)
    {
        if (plain.Length > 0)
        {
            var text = plain.ToString();
            _parts.Add(_ => text);
            plain.Clear();
        }
    }

    private void AddColumn(string text, int at)
    {
        var comma = text.IndexOf(',');
        var column = ProcessColumns.Find("--format", comma < 0 ? text : text[..comma]);
        var width = 0;
        if (
            comma >= 0
            && (
                !int.TryParse(
                    text[(comma + 1)..],
                    System.Globalization.NumberStyles.AllowLeadingSign,
                    System.Globalization.CultureInfo.InvariantCulture,
                    out width
                )
                || Math.Abs(width) > MaxWidth
            )
        )
        {
            throw Wrong($"\"{text[(comma + 1)..]}\" is not a width", at);
        }

        _parts.Add(process =>
        {
            var cell = column.Text(process);
            var blanks = new string(' ', Math.Max(0, Math.Abs(width) - CellWidth.Measure(cell)));
            return width < 0 ? cell + blanks : blanks + cell;
        });
    }

    private static CliException Wrong(string why, int at) =>
        new(
            ExitCodes.Usage,
            $"--format: {why} (column {at + 1})",
            $"example: --format '{{name}} {{status}}'; there are: {string.Join(", ", ProcessColumns.Names)}"
        );
}
