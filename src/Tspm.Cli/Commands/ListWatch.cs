using System.Text;
using Tspm.Cli.Launch;
using Tspm.Cli.Rendering;
using Tspm.Cli.Terminal;

namespace Tspm.Cli.Commands;

/// <summary><c>list --watch</c>: the table again and again; on a terminal in its place, elsewhere one after the other.</summary>
internal static class ListWatch
{
    /// <summary>Shows until a signal comes; then dies by that signal.</summary>
    public static async Task<int> RunAsync(
        CliContext context,
        TimeSpan period,
        Func<Task<ListLook>> read
    )
    {
        using var signals = new FollowSignals();
        var isScreen = context.OutputFacts.IsTerminal && !context.IsJson;
        if (isScreen)
        {
            context.Print("\e[?1049h\e[?25l");
        }

        try
        {
            do
            {
                var look = await read();
                if (isScreen)
                {
                    Draw(context, look);
                }
                else
                {
                    ListCommand.Print(context, look);
                }
            } while (await PauseAsync(period, signals.Token));
        }
        finally
        {
            if (isScreen)
            {
                context.Print("\e[?25h\e[?1049l");
                context.Output.Flush();
            }
        }

        LibC.DieBy(signals.Signal);
        return ExitCodes.Signal + signals.Signal;
    }

    private static void Draw(CliContext context, ListLook look)
    {
        var width = TerminalFacts.ReadWidth(1, Environment.GetEnvironmentVariable);
        var height = TerminalFacts.ReadHeight(1);
        var isWide = context.Invocation.Value("output") == "wide";
        var rows = ProcessTable
            .Format(look.Processes, width, context.OutputFacts.HasColor, isWide, look.Samples)
            .TrimEnd('\n')
            .Split('\n');
        var text = new StringBuilder("\e[H");
        var shown = Math.Min(rows.Length, rows.Length > height ? height - 1 : height);
        for (var i = 0; i < shown; i++)
        {
            text.Append(i == 0 ? "" : "\r\n").Append(rows[i]).Append("\e[K");
        }

        if (shown < rows.Length)
        {
            text.Append("\r\n")
                .Append(CellWidth.Cut($"… {rows.Length - shown} more", width))
                .Append("\e[K");
        }

        context.Print(text.Append("\e[J").ToString());
        context.Output.Flush();
    }

    private static async Task<bool> PauseAsync(TimeSpan period, CancellationToken ct)
    {
        try
        {
            await Task.Delay(period, TimeProvider.System, ct);
            return true;
        }
        catch (OperationCanceledException)
        {
            // Asked to end.
            return false;
        }
    }
}
