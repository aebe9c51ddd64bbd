using System.Globalization;
using System.Text.RegularExpressions;
using Tspm.Protocol.Messages;
using Tspm.Protocol.Specs;

namespace Tspm.Daemon.Supervision.Checks;

/// <summary>What a check looks at, read from its text once.</summary>
/// <param name="Kind">How.</param>
/// <param name="Text">Host, shell line or expression.</param>
/// <param name="Port">TCP port, for tcp and http.</param>
/// <param name="Path">What is asked for, for http.</param>
internal sealed record CheckTarget(CheckKind Kind, string Text, int Port = 0, string Path = "")
{
    private const int MaxLength = 4096;
    private const int DefaultHttpPort = 80;
    private const int MaxPort = 65_535;

    /// <summary>Reads <c>log:/re/</c>, <c>tcp:HOST:PORT</c>, <c>http:URL</c>, <c>exec:LINE</c> or <c>notify</c>.</summary>
    /// <returns>Null if it is one; else what is wrong.</returns>
    public static string? TryParse(string check, out CheckTarget target)
    {
        target = new CheckTarget(CheckKind.Notify, "");
        if (check.Length > MaxLength)
        {
            return $"a check has at most {MaxLength} characters";
        }

        if (string.Equals(check, "notify", StringComparison.Ordinal))
        {
            return null;
        }

        var colon = check.IndexOf(':', StringComparison.Ordinal);
        var (kind, rest) = colon < 0 ? (check, "") : (check[..colon], check[(colon + 1)..]);
        return kind switch
        {
            "log" => ParseLog(rest, ref target),
            "tcp" => ParseTcp(rest, ref target),
            "http" => ParseHttp(rest, ref target),
            "exec" when rest.Trim().Length > 0 => Take(
                new CheckTarget(CheckKind.Exec, rest),
                ref target
            ),
            "exec" => "exec: has no command",
            _ => $"\"{check}\" is no check: log:/RE/, tcp:HOST:PORT, http:URL, exec:LINE or notify",
        };
    }

    /// <summary>What is wrong with a check's settings; null if nothing is.</summary>
    public static string? FindFault(ProbeSpec probe, bool isHealth)
    {
        const int day = 86_400_000;
        return TryParse(probe.Check, out var target) is { } fault ? fault
            : isHealth && target.Kind == CheckKind.Log
                ? "a health check cannot be a log line: lines do not tell that something still works"
            : probe.DelayMs is < 0 or > day
                ? $"a delay of {probe.DelayMs} ms is not within 0 to 1 day"
            : probe.EveryMs is < 10 or > day
                ? $"an interval of {probe.EveryMs} ms is not within 10 ms to 1 day"
            : probe.TimeoutMs is < 1 or > 3_600_000
                ? $"a time-out of {probe.TimeoutMs} ms is not within 1 ms to 1 h"
            : probe.DeadlineMs is < 1 or > day
                ? $"a deadline of {probe.DeadlineMs} ms is not within 1 ms to 1 day"
            : probe.Failures is < 1 or > 1000
                ? $"{probe.Failures} failures are not within 1 to 1000"
            : probe.Successes is < 1 or > 1000
                ? $"{probe.Successes} successes are not within 1 to 1000"
            : !HealthActions.All.Contains(probe.Action)
                ? $"\"{probe.Action}\" is not one of {string.Join(", ", HealthActions.All)}"
            : null;
    }

    private static string? ParseLog(string rest, ref CheckTarget target)
    {
        var isQuoted = rest.Length >= 2 && rest[0] == '/' && rest[^1] == '/';
        var expression = isQuoted ? rest[1..^1] : rest;
        if (expression.Length == 0)
        {
            return "log: has no expression";
        }

        try
        {
            _ = new Regex(expression, LogCheck.Options);
            return Take(new CheckTarget(CheckKind.Log, expression), ref target);
        }
        catch (ArgumentException wrong)
        {
            return $"log: \"{expression}\" cannot be read: {RegexFault.Describe(wrong)}";
        }
        catch (NotSupportedException)
        {
            return $"log: \"{expression}\" needs back-tracking, which could take for ever";
        }
    }

    private static string? ParseTcp(string rest, ref CheckTarget target) =>
        TrySplit(rest, 0, out var host, out var port)
            ? Take(new CheckTarget(CheckKind.Tcp, host, port), ref target)
            : $"tcp:{rest}: not HOST:PORT with a port from 1 to {MaxPort}";

    private static string? ParseHttp(string rest, ref CheckTarget target)
    {
        if (rest.StartsWith("https:", StringComparison.Ordinal))
        {
            return "http: cannot check https; use exec: with a program that can, such as curl -fsS";
        }

        // Both http://HOST:PORT/PATH and http:http://HOST:PORT/PATH mean the same.
        var url = rest.StartsWith("http:", StringComparison.Ordinal)
            ? rest["http:".Length..]
            : rest;
        url = url.StartsWith("//", StringComparison.Ordinal) ? url[2..] : url;
        var slash = url.IndexOf('/', StringComparison.Ordinal);
        var (place, path) = slash < 0 ? (url, "/") : (url[..slash], url[slash..]);
        return path.Any(c => c is <= ' ' or > '~')
                ? $"http:{rest}: the path must be written with % for anything but ASCII"
            : TrySplit(place, DefaultHttpPort, out var host, out var port)
                ? Take(new CheckTarget(CheckKind.Http, host, port, path), ref target)
            : $"http:{rest}: not http://HOST:PORT/PATH";
    }

    private static bool TrySplit(string text, int otherwise, out string host, out int port)
    {
        var colon = text.LastIndexOf(':');
        var isWhole = colon > 0 && !text.EndsWith(']');
        host = (isWhole ? text[..colon] : text).Trim('[', ']');
        port = otherwise;
        var isPort =
            !isWhole
            || int.TryParse(
                text.AsSpan(colon + 1),
                NumberStyles.None,
                CultureInfo.InvariantCulture,
                out port
            );
        return isPort
            && port is > 0 and <= MaxPort
            && host.Length > 0
            && !host.Any(char.IsWhiteSpace);
    }

    private static string? Take(CheckTarget made, ref CheckTarget target)
    {
        target = made;
        return null;
    }
}

/// <summary>How a check looks.</summary>
internal enum CheckKind
{
    /// <summary>The program tells it over the socket in NOTIFY_SOCKET.</summary>
    Notify,

    /// <summary>A line of its output.</summary>
    Log,

    /// <summary>A connection is taken.</summary>
    Tcp,

    /// <summary>A GET is answered with a status from 200 to 399.</summary>
    Http,

    /// <summary>A shell line ends with 0.</summary>
    Exec,
}
