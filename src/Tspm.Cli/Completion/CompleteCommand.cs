using System.Globalization;
using Tspm.Cli.CommandLine;
using Tspm.Cli.Rendering;
using Tspm.Protocol.Messages;

namespace Tspm.Cli.Completion;

/// <summary><c>completion</c> prints the script of a shell; <c>__complete</c> answers it.</summary>
/// <remarks>Answers never start a daemon, give up after 100 ms, and say nothing when something fails.</remarks>
internal static class CompleteCommand
{
    private const int UsualLimitMs = 100;
    private const int LongestLimitMs = 10_000;

    /// <summary>Prints a script.</summary>
    /// <exception cref="CliException">There is none for that shell.</exception>
    public static Task<int> PrintScriptAsync(Invocation invocation)
    {
        var context = CliContext.Of(invocation);
        if (invocation.Arguments.Count == 0)
        {
            throw new CliException(
                ExitCodes.Usage,
                $"completion: for which shell? {string.Join(", ", CompletionScripts.Shells)}",
                "example: source <(tspm completion bash)",
                ErrorCode.MissingArgument
            );
        }

        context.Print(CompletionScripts.Of(invocation.Arguments[0]));
        context.Output.Flush();
        return Task.FromResult(ExitCodes.Done);
    }

    /// <summary>Answers: one candidate a line, its description after a tab.</summary>
    public static async Task<int> AnswerAsync(Invocation invocation)
    {
        var words = invocation.AfterDashes ?? [];
        var answer = Task.Run(() => Answer(invocation, words));
        var first = await Task.WhenAny(answer, Task.Delay(Limit(), TimeProvider.System));
        if (first == answer)
        {
            var context = CliContext.Of(invocation);
            foreach (var one in await answer)
            {
                context.PrintLine(
                    $"{TerminalSanitizer.Clean(one.Text)}\t{TerminalSanitizer.Clean(one.Description)}"
                );
            }

            context.Output.Flush();
        }

        return ExitCodes.Done;
    }

    private static IReadOnlyList<Candidate> Answer(
        Invocation invocation,
        IReadOnlyList<string> words
    )
    {
        try
        {
            IReadOnlyList<ProcessView>? known = null;
            var home = HomeOf(words);
            var engine = new CompletionEngine(
                CommandTree.Commands,
                CommandTree.Global,
                () => known ??= Ask(invocation, home)
            );
            return engine.Complete(words);
        }
        catch (CliException)
        {
            // A home that cannot be used: somebody is typing, and must not be disturbed.
            return [];
        }
    }

    private static IReadOnlyList<ProcessView> Ask(Invocation invocation, string? home) =>
        CliContext.Of(invocation, home).Launcher.AskRunning(daemon => daemon.List([]))?.Processes
        ?? [];

    /// <summary>A slow machine may be given more time.</summary>
    private static TimeSpan Limit() =>
        TimeSpan.FromMilliseconds(
            int.TryParse(
                Environment.GetEnvironmentVariable("TSPM_COMPLETION_MS"),
                NumberStyles.None,
                CultureInfo.InvariantCulture,
                out var chosen
            )
                ? Math.Min(chosen, LongestLimitMs)
                : UsualLimitMs
        );

    private static string? HomeOf(IReadOnlyList<string> words)
    {
        for (var i = 0; i < words.Count - 1; i++)
        {
            if (words[i] == "--home")
            {
                return words[i + 1];
            }

            if (words[i].StartsWith("--home=", StringComparison.Ordinal))
            {
                return words[i][7..];
            }
        }

        return null;
    }
}
