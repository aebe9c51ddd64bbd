using System.Globalization;
using System.Text;
using Tspm.Cli.Rendering;
using Tspm.Client;
using Tspm.Protocol.Messages;

namespace Tspm.Cli.Commands;

/// <summary>On a terminal, one line that is rewritten while programs end: <c>stopping web … 4s of 10s</c>.</summary>
internal static class StopProgress
{
    private static readonly TimeSpan First = TimeSpan.FromMilliseconds(300);
    private static readonly TimeSpan Next = TimeSpan.FromMilliseconds(250);

    /// <summary>Shows it until the answer is there; outside a terminal only waits.</summary>
    public static async Task ShowAsync(
        CliContext context,
        TspmIpcClient client,
        IReadOnlyList<StopTarget> targets,
        Task asked
    )
    {
        if (!context.ErrorFacts.IsTerminal || context.Quiet > 0)
        {
            return;
        }

        var begin = TimeProvider.System.GetTimestamp();
        var pause = First;
        while (await Task.WhenAny(asked, Task.Delay(pause, TimeProvider.System)) != asked)
        {
            pause = Next;
            var left = await FindLeftAsync(client, targets);
            if (left.Count > 0)
            {
                Write(context, TextOf(left, TimeProvider.System.GetElapsedTime(begin)));
            }
        }

        Clear(context);
    }

    /// <summary>The line.</summary>
    /// <param name="left">Who has not ended.</param>
    /// <param name="elapsed">Since they were asked.</param>
    internal static string TextOf(IReadOnlyList<StopTarget> left, TimeSpan elapsed)
    {
        var slowest = left.MaxBy(target => target.GraceMs);
        var others = left.Count > 1 ? $" and {left.Count - 1} more" : "";
        var limit = Durations.FormatMilliseconds(slowest.GraceMs);
        var name = TerminalSanitizer.Clean(slowest.Name);
        return elapsed.TotalMilliseconds > slowest.GraceMs
            ? $"stopping {name}{others} … {limit} are over, SIGKILL sent"
            : string.Create(
                CultureInfo.InvariantCulture,
                $"stopping {name}{others} … {(int)elapsed.TotalSeconds}s of {limit}"
            );
    }

    /// <summary>Rewrites the line.</summary>
    internal static void Write(CliContext context, string text)
    {
        context.Errors.Write(Encoding.UTF8.GetBytes($"\r\e[K{text}"));
        context.Errors.Flush();
    }

    /// <summary>Takes the line away.</summary>
    internal static void Clear(CliContext context) => Write(context, "");

    private static async Task<List<StopTarget>> FindLeftAsync(
        TspmIpcClient client,
        IReadOnlyList<StopTarget> targets
    )
    {
        try
        {
            var living = (await client.ListAsync([])).Processes;
            return
            [
                .. targets.Where(target =>
                    living.Any(process =>
                        process.Name == target.Name
                        && process.Status is ProcessStatuses.Stopping or ProcessStatuses.Running
                    )
                ),
            ];
        }
        catch (TspmException)
        {
            // It leaves just now: nothing is left to show.
            return [];
        }
    }
}
