using System.Text;
using System.Text.RegularExpressions;

namespace Tspm.Protocol.Specs;

/// <summary>Says what is wrong with a regular expression; the published binary has no texts of the runtime.</summary>
public static class RegexFault
{
    /// <summary><c>insufficient closing parentheses, at character 4</c>.</summary>
    /// <param name="wrong">What the expression was refused with.</param>
    public static string Describe(ArgumentException wrong)
    {
        if (wrong is not RegexParseException parse)
        {
            return "it is no regular expression";
        }

        var text = new StringBuilder();
        foreach (var letter in parse.Error.ToString())
        {
            text.Append(char.IsUpper(letter) && text.Length > 0 ? " " : "")
                .Append(char.ToLowerInvariant(letter));
        }

        return $"{text}, at character {parse.Offset}";
    }
}
