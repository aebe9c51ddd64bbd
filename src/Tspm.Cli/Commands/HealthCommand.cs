using System.Text.Json;
using Tspm.Cli.CommandLine;
using Tspm.Cli.Health;
using Tspm.Cli.Rendering;

namespace Tspm.Cli.Commands;

/// <summary><c>doctor</c>: looks at the home, the daemon and the machine; says what to do.</summary>
internal static class HealthCommand
{
    private const int NameColumn = 12;

    /// <summary>Runs the command; 1 if something is wrong.</summary>
    public static Task<int> RunAsync(Invocation invocation)
    {
        if (invocation.Arguments is [var word, ..])
        {
            throw new CliException(
                ExitCodes.Usage,
                $"there is no command \"doctor {word}\"",
                "there are: tspm doctor, tspm doctor logs",
                ErrorCode.UnknownCommand
            );
        }

        var context = CliContext.Of(invocation);
        var checks = Look(context, invocation.Has("fix"));
        if (context.IsJson)
        {
            context.PrintLine(JsonOf(checks));
        }
        else
        {
            foreach (var check in checks)
            {
                Print(context, check);
            }
        }

        context.Output.Flush();
        return Task.FromResult(
            checks.Any(check => check.Verdict == HealthVerdict.Fault)
                ? ExitCodes.Failed
                : ExitCodes.Done
        );
    }

    /// <summary>All checks.</summary>
    public static IReadOnlyList<HealthCheck> Look(CliContext context, bool mends) =>
        [
            .. new HomeChecks(context, mends).All(),
            .. MachineChecks.All(context.Home, TimeProvider.System),
        ];

    /// <summary>One object.</summary>
    public static string JsonOf(IReadOnlyList<HealthCheck> checks) =>
        $"{{\"v\":1,\"kind\":\"doctor\",\"checks\":[{string.Join(',', checks.Select(JsonOf))}]}}";

    private static string JsonOf(HealthCheck check)
    {
        var remedy = check.Remedy is { } text
            ? $",\"remedy\":\"{JsonEncodedText.Encode(text)}\""
            : "";
        return $"{{\"name\":\"{check.Name}\",\"verdict\":\"{WordFor(check.Verdict)}\",\"found\":\"{JsonEncodedText.Encode(check.Found)}\"{remedy}}}";
    }

    private static string WordFor(HealthVerdict verdict) =>
        verdict switch
        {
            HealthVerdict.Ok => "ok",
            HealthVerdict.Warning => "warning",
            _ => "fault",
        };

    private static void Print(CliContext context, HealthCheck check)
    {
        var color = check.Verdict switch
        {
            HealthVerdict.Ok => "\e[32m",
            HealthVerdict.Warning => "\e[33m",
            _ => "\e[31m",
        };
        var word = WordFor(check.Verdict).PadRight(7);
        var shown = context.OutputFacts.HasColor ? $"{color}{word}\e[0m" : word;
        context.PrintLine(
            $"{shown}  {check.Name.PadRight(NameColumn)} {TerminalSanitizer.Clean(check.Found)}"
        );
        if (check.Remedy is { } remedy)
        {
            context.PrintLine(
                $"         {new string(' ', NameColumn)} do: {TerminalSanitizer.Clean(remedy)}"
            );
        }
    }
}
