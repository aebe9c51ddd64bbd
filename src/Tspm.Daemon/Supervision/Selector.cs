using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;
using Tspm.Protocol.Specs;

namespace Tspm.Daemon.Supervision;

/// <summary>What a person names processes by: all, id, name, ns/name, ns/, a glob, /re/ or @key=value.</summary>
internal sealed class Selector
{
    private const int MaxLength = 1024;
    private readonly Func<ProcessRecord, bool> _matches;

    private Selector(
        Func<ProcessRecord, bool> matches,
        bool isAll = false,
        bool isExactName = false
    )
    {
        _matches = matches;
        IsAll = isAll;
        IsExactName = isExactName;
    }

    /// <summary>True for "all", which may mean none.</summary>
    public bool IsAll { get; }

    /// <summary>True for a bare name, which must not mean several where something is changed.</summary>
    public bool IsExactName { get; }

    /// <summary>Reads a selector.</summary>
    /// <returns>Null if it is one; else what is wrong with it.</returns>
    public static string? TryParse(string text, out Selector selector)
    {
        selector = new Selector(_ => false);
        if (text.Length is 0 or > MaxLength)
        {
            return $"a selector has 1 to {MaxLength} characters";
        }

        if (string.Equals(text, "all", StringComparison.Ordinal))
        {
            selector = new Selector(_ => true, isAll: true);
        }
        else if (uint.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var id))
        {
            selector = new Selector(process => process.Id == id);
        }
        else if (text.Length > 2 && text[0] == '/' && text[^1] == '/')
        {
            return ParseExpression(text[1..^1], ref selector);
        }
        else if (text.AsSpan().ContainsAny("*?["))
        {
            return ParseExpression(ExpressionOf(text), ref selector);
        }
        else if (text[0] == '@')
        {
            return ParseLabel(text[1..], ref selector);
        }
        else if (text.EndsWith('/'))
        {
            var ns = text[..^1];
            selector = new Selector(process => process.Spec.Ns == ns);
        }
        else if (text.Contains('/'))
        {
            selector = new Selector(process =>
                FullName(process) == text || GroupName(process) == text
            );
        }
        else
        {
            selector = new Selector(
                process => process.Spec.Name == text || process.Spec.Instance?.Group == text,
                isExactName: true
            );
        }

        return null;
    }

    /// <summary>Whether it means this process.</summary>
    public bool Matches(ProcessRecord process) => _matches(process);

    private static string? ParseExpression(string expression, ref Selector selector)
    {
        try
        {
            // Linear in the length of the name, whatever the pattern.
            var regex = new Regex(
                expression,
                RegexOptions.NonBacktracking | RegexOptions.CultureInvariant
            );
            selector = new Selector(process =>
                regex.IsMatch(process.Spec.Name) || regex.IsMatch(FullName(process))
            );
            return null;
        }
        catch (ArgumentException wrong)
        {
            return $"\"{expression}\" is not a regular expression: {RegexFault.Describe(wrong)}";
        }
        catch (NotSupportedException)
        {
            return $"\"{expression}\" cannot be matched in linear time: no look-around, no back-references";
        }
    }

    private static string ExpressionOf(string glob)
    {
        var expression = new StringBuilder("^");
        for (var i = 0; i < glob.Length; i++)
        {
            var close = glob[i] == '[' ? glob.IndexOf(']', i + 1) : -1;
            if (close > 0)
            {
                var set = glob[(i + 1)..close].Replace("\\", "\\\\", StringComparison.Ordinal);
                expression
                    .Append('[')
                    .Append(set.StartsWith('!') ? $"^{set[1..]}" : set)
                    .Append(']');
                i = close;
                continue;
            }

            expression.Append(
                glob[i] switch
                {
                    '*' => ".*",
                    '?' => ".",
                    var c => Regex.Escape(c.ToString()),
                }
            );
        }

        return expression.Append('$').ToString();
    }

    private static string? ParseLabel(string label, ref Selector selector)
    {
        if (label.IndexOf('=') <= 0)
        {
            return $"\"@{label}\" is not @key=value";
        }

        selector = new Selector(process => process.Spec.Labels.Contains(label));
        return null;
    }

    private static string? GroupName(ProcessRecord process) =>
        process.Spec.Instance is { } instance ? $"{process.Spec.Ns}/{instance.Group}" : null;

    private static string FullName(ProcessRecord process) =>
        $"{process.Spec.Ns}/{process.Spec.Name}";
}
