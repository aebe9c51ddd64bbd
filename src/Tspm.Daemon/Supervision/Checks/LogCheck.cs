using System.Text.RegularExpressions;
using Tspm.Logs;

namespace Tspm.Daemon.Supervision.Checks;

/// <summary>Waits for a line of one run; it is a reader like any other, so no line is missed and none is kept.</summary>
internal static class LogCheck
{
    /// <summary>Expressions on output take linear time.</summary>
    public const RegexOptions Options =
        RegexOptions.NonBacktracking | RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture;

    private const int Spans = 64;
    private const int BatchBytes = 256 * 1024;

    /// <summary>Ends when a line of the run matches.</summary>
    public static async Task WaitAsync(
        ProcessLog log,
        RunState run,
        string expression,
        CancellationToken ct
    )
    {
        var filter = new LogFilter(Out: true, Err: true, Events: false)
        {
            FirstRun = run.Run,
            LastRun = run.Run,
            Lines = new LinePattern([new Regex(expression, Options)], []),
        };
        using var waker = new Waker();
        using var cursor = log.OpenCursor(
            new LogStart(LogStartKind.At, run.LogHead),
            filter,
            readsDisk: true,
            waker,
            out _
        );
        var spans = new LogSpan[Spans];
        while (true)
        {
            var read = cursor.Next(spans, new LogRoom(BatchBytes));
            if (read.Count > 0)
            {
                return;
            }

            if (read.Kind == LogReadKind.Idle)
            {
                await waker.Signal.WaitAsync(ct);
            }
        }
    }

    private sealed class Waker : ICursorWaker, IDisposable
    {
        public SemaphoreSlim Signal { get; } = new(0);

        public void Wake()
        {
            if (Signal.CurrentCount == 0)
            {
                Signal.Release();
            }
        }

        public void Dispose() => Signal.Dispose();
    }
}
