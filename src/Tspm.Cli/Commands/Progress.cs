using System.Text;
using Tspm.Cli.Rendering;
using Tspm.Cli.Terminal;
using Tspm.Protocol.Messages;

namespace Tspm.Cli.Commands;

/// <summary>What an operation waits for, against its limit: rows that are rewritten, on a terminal only.</summary>
internal sealed class Progress
{
    private static readonly TimeSpan Patience = TimeSpan.FromMilliseconds(300);
    private static readonly TimeSpan Period = TimeSpan.FromMilliseconds(200);
    private readonly CliContext _context;
    private readonly TimeProvider _time = TimeProvider.System;
    private readonly long _begin = TimeProvider.System.GetTimestamp();
    private int _shown;

    private Progress(CliContext context) => _context = context;

    /// <summary>Waits for an operation on processes; after 300 ms shows each that is on its way.</summary>
    public static Task<T> OfAsync<T>(
        CliContext context,
        IReadOnlyList<string> select,
        int timeoutMs,
        Task<T> work
    )
    {
        var limits = new Dictionary<uint, StopSpec?>();
        return OfAsync(context, elapsed => Rows(context, select, timeoutMs, elapsed, limits), work);
    }

    /// <summary>Waits for an operation; after 300 ms shows the rows it is asked for again and again.</summary>
    public static async Task<T> OfAsync<T>(
        CliContext context,
        Func<TimeSpan, IReadOnlyList<string>> rows,
        Task<T> work
    )
    {
        var isShown =
            context.ErrorFacts.IsTerminal
            && !context.IsJson
            && context.Quiet == 0
            && Environment.GetEnvironmentVariable("TERM") is not (null or "dumb");
        if (!isShown || await Task.WhenAny(work, Task.Delay(Patience, TimeProvider.System)) == work)
        {
            return await work;
        }

        var progress = new Progress(context);
        try
        {
            do
            {
                progress.Draw(await Task.Run(() => rows(progress.Elapsed)));
            } while (await Task.WhenAny(work, Task.Delay(Period, TimeProvider.System)) != work);

            return await work;
        }
        finally
        {
            progress.Draw([]);
        }
    }

    /// <summary>One row for each process that is on its way.</summary>
    public static IReadOnlyList<string> Describe(
        IReadOnlyList<ProcessView> processes,
        IReadOnlyDictionary<uint, StopSpec?> stops,
        int timeoutMs,
        TimeSpan elapsed
    )
    {
        var so = Durations.FormatSeconds(elapsed.TotalSeconds);
        var rows = new List<string>();
        foreach (var one in processes)
        {
            var stop = stops.GetValueOrDefault(one.Id);
            var limit = timeoutMs >= 0 ? timeoutMs : stop?.TimeoutMs ?? -1;
            var of = limit >= 0 ? $" of {Durations.FormatMilliseconds(limit)}" : "";
            if (one.Status == ProcessStatuses.Stopping)
            {
                var signal = stop is null ? "" : $", {SignalNames.NameOf(stop.Signal)} sent";
                rows.Add($"stopping {TerminalSanitizer.Clean(one.Name)} … {so}{of}{signal}");
            }
            else if (one.Status == ProcessStatuses.Starting)
            {
                rows.Add($"starting {TerminalSanitizer.Clean(one.Name)} … {so}");
            }
        }

        return rows;
    }

    /// <summary>As many rows as fit, cut to the width; the last one then tells how many do not.</summary>
    public static IReadOnlyList<string> Fit(IReadOnlyList<string> rows, int width, int height)
    {
        var most = Math.Max(1, height - 1);
        IEnumerable<string> shown =
            rows.Count <= most ? rows : [.. rows.Take(most - 1), $"… {rows.Count - most + 1} more"];
        return [.. shown.Select(row => CellWidth.Cut(row, Math.Max(1, width - 1)))];
    }

    private TimeSpan Elapsed => Patience + _time.GetElapsedTime(_begin);

    private static IReadOnlyList<string> Rows(
        CliContext context,
        IReadOnlyList<string> select,
        int timeoutMs,
        TimeSpan elapsed,
        Dictionary<uint, StopSpec?> stops
    )
    {
        if (context.Launcher.AskRunning(daemon => daemon.List(select)) is not { } reply)
        {
            return [];
        }

        // How each is stopped does not change meanwhile: it is asked for once.
        if (
            stops.Count == 0
            && context.Launcher.AskRunning(daemon => daemon.Describe(select)) is { } all
        )
        {
            foreach (var one in all.Processes)
            {
                stops[one.Id] = one.Stop;
            }
        }

        return Describe(reply.Processes, stops, timeoutMs, elapsed);
    }

    private void Draw(IReadOnlyList<string> rows)
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
}
