using System.Text;
using Tspm.Cli.Rendering;
using Tspm.Cli.Terminal;

namespace Tspm.Cli.Commands;

/// <summary>What an operation waits for, against its limit: rows that are rewritten, on a terminal only.</summary>
internal sealed class Progress
{
    private static readonly TimeSpan Patience = TimeSpan.FromMilliseconds(300);
    private static readonly TimeSpan Period = TimeSpan.FromMilliseconds(200);
    private readonly CliContext _context;
    private int _shown;

    private Progress(CliContext context) => _context = context;

    /// <summary>Waits for an operation on processes; after 300 ms shows each that is on its way.</summary>
    /// <param name="context">The outputs.</param>
    /// <param name="aim">Which processes, and what limits the wait.</param>
    /// <param name="work">The operation.</param>
    public static Task<T> OfAsync<T>(CliContext context, ProgressAim aim, Task<T> work)
    {
        var rows = new ProgressRows(context, aim);
        return OfAsync(context, rows.Read, work);
    }

    /// <summary>Waits for one thing; after 300 ms says what it is, against its limit.</summary>
    /// <param name="context">The outputs.</param>
    /// <param name="text">What is waited for.</param>
    /// <param name="limit">How long it may take; null if nothing limits it.</param>
    /// <param name="work">The operation.</param>
    public static Task<T> OfAsync<T>(
        CliContext context,
        string text,
        TimeSpan? limit,
        Task<T> work
    ) => OfAsync(context, elapsed => [RowOf(text, elapsed, limit)], work);

    /// <inheritdoc cref="OfAsync{T}(CliContext, string, TimeSpan?, Task{T})"/>
    public static Task OfAsync(CliContext context, string text, TimeSpan? limit, Task work) =>
        OfAsync(context, text, limit, Finished(work));

    /// <summary>Waits for an operation; after 300 ms shows the rows it is asked for again and again.</summary>
    public static async Task<T> OfAsync<T>(
        CliContext context,
        Func<TimeSpan, IReadOnlyList<string>> rows,
        Task<T> work
    )
    {
        var time = TimeProvider.System;
        var begin = time.GetTimestamp();
        if (
            Begin(context) is not { } progress
            || await Task.WhenAny(work, Task.Delay(Patience, time)) == work
        )
        {
            return await work;
        }

        try
        {
            do
            {
                progress.Draw(await Task.Run(() => rows(time.GetElapsedTime(begin))));
            } while (await Task.WhenAny(work, Task.Delay(Period, time)) != work);

            return await work;
        }
        finally
        {
            progress.Clear();
        }
    }

    /// <summary>For who draws by itself; null where nothing is shown: outside a terminal, quiet, or in JSON.</summary>
    public static Progress? Begin(CliContext context) =>
        context.ErrorFacts.IsTerminal
        && !context.IsJson
        && context.Quiet == 0
        && Environment.GetEnvironmentVariable("TERM") is not (null or "" or "dumb")
            ? new Progress(context)
            : null;

    /// <summary><c>waiting for web … 4s of 10s</c>.</summary>
    public static string RowOf(string text, TimeSpan elapsed, TimeSpan? limit) =>
        $"{text} … {Durations.FormatSeconds(elapsed.TotalSeconds)}{(limit is { } most ? $" of {Durations.Format(most)}" : "")}";

    /// <summary>As many rows as fit, cut to the width; the last one then tells how many do not.</summary>
    public static IReadOnlyList<string> Fit(IReadOnlyList<string> rows, int width, int height)
    {
        var most = Math.Max(1, height - 1);
        IEnumerable<string> shown =
            rows.Count <= most ? rows : [.. rows.Take(most - 1), $"… {rows.Count - most + 1} more"];
        return [.. shown.Select(row => CellWidth.Cut(row, Math.Max(1, width - 1)))];
    }

    /// <summary>Shows rows instead of those before.</summary>
    public void Draw(IReadOnlyList<string> rows)
    {
        var width = TerminalFacts.ReadWidth(2, Environment.GetEnvironmentVariable);
        var fitting = Fit(rows, width, TerminalFacts.ReadHeight(2));
        var text = new StringBuilder("\r");
        if (_shown > 1)
        {
            text.Append($"\e[{_shown - 1}A");
        }

        for (var i = 0; i < fitting.Count; i++)
        {
            text.Append(i == 0 ? "" : "\r\n").Append(fitting[i]).Append("\e[K");
        }

        text.Append("\e[J");
        _shown = fitting.Count;
        _context.Errors.Write(Encoding.UTF8.GetBytes(text.ToString()));
        _context.Errors.Flush();
    }

    /// <summary>Takes the rows away.</summary>
    public void Clear() => Draw([]);

    private static async Task<bool> Finished(Task work)
    {
        await work;
        return true;
    }
}
