using System.Text.RegularExpressions;
using Tspm.Cli.CommandLine;
using Tspm.Cli.Rendering;
using Tspm.Cli.Rendering.Dressing;
using Tspm.Cli.Terminal;
using Tspm.Protocol.Specs;

namespace Tspm.Cli.Commands;

/// <summary>From the options of <c>logs</c> to how entries are printed.</summary>
internal static class LogLook
{
    private const int MaxPattern = 1024;

    private static readonly IReadOnlyList<string> Formats =
    [
        "short",
        "full",
        "raw",
        "cat",
        "json",
        "json-seq",
    ];
    private static readonly IReadOnlyList<string> Changing = ["pretty", "field", "select", "fold"];
    private static readonly IReadOnlyList<string> Stamps = ["iso", "time", "rel", "delta", "unix"];

    /// <summary>Reads the options.</summary>
    /// <exception cref="CliException">A value is wrong.</exception>
    public static LogPrinterOptions Read(CliContext context, bool hasPrefix, bool follows)
    {
        var invocation = context.Invocation;
        var form =
            invocation.Has("json") ? "json"
            : invocation.Has("raw") ? "raw"
            : invocation.Choice("output", Formats, "short");
        return new LogPrinterOptions
        {
            Format = form switch
            {
                "full" => LogFormat.Full,
                "raw" => LogFormat.Raw,
                "cat" => LogFormat.Cat,
                "json" => LogFormat.Json,
                "json-seq" => LogFormat.JsonSeq,
                _ => LogFormat.Short,
            },
            HasPrefix = hasPrefix,
            Timestamps = ReadStamps(context, hasPrefix),
            IsUtc = invocation.Has("utc"),
            Zone = invocation.Has("utc") ? TimeZoneInfo.Utc : TimeZoneInfo.Local,
            HasColor = context.OutputFacts.HasColor,
            Depth = context.OutputFacts.Depth,
            IsTerminal = context.OutputFacts.IsTerminal,
            IsSanitized = !invocation.Has("no-sanitize"),
            ShowsEvents = !invocation.Has("no-events"),
            QuietLevel = context.Quiet,
            SplitsStreams = form == "raw",
            Dress = form is "short" or "full"
                ? ReadDress(context, hasPrefix)
                : Refuse(invocation, form),
        };
    }

    private static TimestampStyle ReadStamps(CliContext context, bool hasPrefix)
    {
        var invocation = context.Invocation;
        var stamp = !invocation.Has("timestamps")
            ? hasPrefix && context.OutputFacts.IsTerminal
                ? "time"
                : "off"
            : invocation.Value("timestamps") is { Length: > 0 }
                ? invocation.Choice("timestamps", Stamps, "iso")
                : "iso";
        return stamp switch
        {
            "iso" => TimestampStyle.Iso,
            "time" => TimestampStyle.Time,
            "rel" => TimestampStyle.Relative,
            "delta" => TimestampStyle.Delta,
            "unix" => TimestampStyle.Unix,
            _ => TimestampStyle.Off,
        };
    }

    private static LineDress ReadDress(CliContext context, bool hasPrefix)
    {
        var invocation = context.Invocation;
        var facts = context.OutputFacts;
        var links = invocation.Choice("hyperlinks", ["auto", "always", "never"], "auto");
        var isPlain = invocation.Has("no-sanitize");
        return new LineDress
        {
            Highlights = facts.HasColor && !invocation.Has("no-highlight") && !isPlain,
            Patterns = facts.HasColor ? [.. invocation.Values("highlight").Select(PatternOf)] : [],
            HasLinks =
                facts.HasColor
                && (
                    links == "always"
                    || (
                        links == "auto"
                        && facts.IsTerminal
                        && HyperlinkSupport.IsKnown(Environment.GetEnvironmentVariable)
                    )
                ),
            IsPretty = invocation.Has("pretty"),
            Fields = [.. invocation.Values("field").Select(FieldTerm.Parse)],
            Select = invocation.Value("select")?.Split(',', StringSplitOptions.RemoveEmptyEntries),
            FoldsTraces = invocation.Has("fold"),
            KeepsEvents = hasPrefix && facts.IsTerminal,
            CutWidth =
                facts.IsTerminal && invocation.Has("no-wrap") && !invocation.Has("wrap")
                    ? () => TerminalFacts.ReadWidth(1, Environment.GetEnvironmentVariable)
                    : null,
        };
    }

    /// <summary>What changes lines has no place where they are for machines.</summary>
    private static LineDress Refuse(Invocation invocation, string form)
    {
        var wrong = Changing.FirstOrDefault(invocation.Has);
        return wrong is null
            ? new LineDress()
            : throw new CliException(
                ExitCodes.Usage,
                $"--{wrong} is for the layouts short and full, not for {form}",
                form.StartsWith("json", StringComparison.Ordinal)
                    ? "with JSON: tspm logs -o json | jq 'select(.kind == \"log\") | .msg | fromjson?'"
                    : null
            );
    }

    private static Regex PatternOf(string text)
    {
        try
        {
            var isLower = !text.Any(char.IsUpper);
            var options =
                RegexOptions.NonBacktracking
                | RegexOptions.CultureInvariant
                | (isLower ? RegexOptions.IgnoreCase : RegexOptions.None);
            return text.Length <= MaxPattern
                ? new Regex(text, options)
                : throw new CliException(
                    ExitCodes.Usage,
                    $"--highlight: the expression is longer than {MaxPattern} characters"
                );
        }
        catch (ArgumentException wrong)
        {
            throw new CliException(
                ExitCodes.Usage,
                $"--highlight \"{text}\": {RegexFault.Describe(wrong)}"
            );
        }
        catch (NotSupportedException)
        {
            throw new CliException(
                ExitCodes.Usage,
                $"--highlight \"{text}\" needs back-tracking, which could take for ever"
            );
        }
    }
}
