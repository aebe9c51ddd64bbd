using System.Text.RegularExpressions;
using Tspm.Logs;
using Tspm.Protocol.Messages;
using Tspm.Protocol.Specs;

namespace Tspm.Daemon.Topics;

/// <summary>From what a reader selects to a filter.</summary>
internal static class LogFilters
{
    private const RegexOptions Options =
        RegexOptions.NonBacktracking | RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture;
    private static readonly Regex Nothing = new("^$a", Options);

    private static readonly KnownPatterns Known = new();

    /// <summary>Reads a selection.</summary>
    /// <returns>Null if it can be done; else what is wrong.</returns>
    public static string? TryParse(LogSelection selection, out LogFilter filter)
    {
        filter = LogFilter.All with
        {
            FirstRun = selection.FirstRun,
            LastRun = selection.LastRun ?? uint.MaxValue,
        };
        var most = LogSelection.MaxContext;
        if (
            selection.ContextBefore is < 0 or > LogSelection.MaxContext
            || selection.ContextAfter is < 0 or > LogSelection.MaxContext
        )
        {
            return $"context is 0 to {most} lines";
        }

        if (selection.LastRun < selection.FirstRun)
        {
            return $"run {selection.FirstRun} comes after run {selection.LastRun}";
        }

        if (TryParseStreams(selection.Streams, ref filter) is { } fault)
        {
            return fault;
        }

        if (selection.Grep.Count == 0 && selection.Exclude.Count == 0)
        {
            return null;
        }

        if (TryMakePattern(selection, out var lines) is { } inPattern)
        {
            return inPattern;
        }

        filter = filter with
        {
            Lines = lines,
            ContextBefore = selection.ContextBefore,
            ContextAfter = selection.ContextAfter,
        };
        return null;
    }

    /// <summary>A reader asks for page after page with one pattern: the newest few are kept as they were made.</summary>
    private static string? TryMakePattern(LogSelection selection, out LinePattern? lines)
    {
        if (Known.TryFind(selection, out lines))
        {
            return null;
        }

        if (TryParse(selection.Grep, selection.IgnoreCase, out var wanted) is { } inGrep)
        {
            return inGrep;
        }

        if (TryParse(selection.Exclude, selection.IgnoreCase, out var unwanted) is { } inExclude)
        {
            return inExclude;
        }

        lines = new LinePattern(wanted, unwanted);
        Known.Add(selection, lines);
        return null;
    }

    private static string? TryParseStreams(IReadOnlyList<string> streams, ref LogFilter filter)
    {
        if (streams.Count == 0)
        {
            return null;
        }

        filter = filter with { Out = false, Err = false, Events = false };
        foreach (var name in streams)
        {
            switch (name)
            {
                case "out":
                    filter = filter with { Out = true };
                    break;
                case "err":
                    filter = filter with { Err = true };
                    break;
                case "event":
                    filter = filter with { Events = true };
                    break;
                default:
                    return $"\"{name}\" is not a stream: out, err, event";
            }
        }

        return null;
    }

    private static string? TryParse(
        IReadOnlyList<string> patterns,
        bool ignoresCase,
        out Regex[] parsed
    )
    {
        parsed = [];
        if (patterns.Count > LogSelection.MaxPatterns)
        {
            return $"{patterns.Count} patterns are more than {LogSelection.MaxPatterns}";
        }

        var made = new List<Regex>();
        foreach (var pattern in patterns)
        {
            var options = ignoresCase ? Options | RegexOptions.IgnoreCase : Options;
            if (TryParse(pattern, options, out var regex) is { } fault)
            {
                return fault;
            }

            made.Add(regex);
        }

        parsed = [.. made];
        return null;
    }

    /// <summary>Reads one expression that takes linear time.</summary>
    /// <returns>Null if it can be done; else what is wrong.</returns>
    public static string? TryParse(string pattern, RegexOptions options, out Regex parsed)
    {
        parsed = Nothing;
        if (pattern.Length is 0 or > LogSelection.MaxPatternLength)
        {
            return $"a pattern has 1 to {LogSelection.MaxPatternLength} characters, not {pattern.Length}";
        }

        try
        {
            parsed = new Regex(pattern, options);
            return null;
        }
        catch (ArgumentException wrong)
        {
            return $"the pattern \"{pattern}\" cannot be read: {RegexFault.Describe(wrong)}";
        }
        catch (NotSupportedException)
        {
            return $"the pattern \"{pattern}\" needs back-tracking (look-around or a back-reference), which could take for ever";
        }
    }
}
