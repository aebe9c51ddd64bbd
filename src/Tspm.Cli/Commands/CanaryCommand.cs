using System.Buffers.Text;
using Tspm.Cli.CommandLine;
using Tspm.Cli.Terminal;

namespace Tspm.Cli.Commands;

/// <summary><c>__canary</c>: the program that <c>doctor logs</c> follows. Numbered lines with the time, one write each.</summary>
internal static class CanaryCommand
{
    private const int MaxLineBytes = 64;
    private static readonly TimeSpan Tick = TimeSpan.FromMilliseconds(1);

    /// <summary>CLOCK_MONOTONIC, ns.</summary>
    public static long Now => (long)TimeProvider.System.GetElapsedTime(0).TotalMicroseconds * 1_000;

    /// <summary>Runs the command.</summary>
    public static async Task<int> RunAsync(Invocation invocation)
    {
        var lines = (int)invocation.Number("lines", 1, 10_000_000, 1);
        var burst = (int)invocation.Number("burst", 0, 10_000_000, 0);
        var perSecond = invocation.Number("rate", 1, 1_000_000, 1_000);
        var output = new OutputFile(1);
        var start = Now;
        using var timer = new PeriodicTimer(Tick, TimeProvider.System);
        var sent = 0;
        while (sent < lines && await timer.WaitForNextTickAsync())
        {
            var due = Math.Min(lines, (Now - start) * perSecond / 1_000_000_000);
            while (sent < due)
            {
                Write(output, ++sent);
            }
        }

        for (; sent < lines + burst; )
        {
            Write(output, ++sent);
        }

        return ExitCodes.Done;
    }

    private static void Write(OutputFile output, int number)
    {
        Span<byte> line = stackalloc byte[MaxLineBytes];
        CanaryTally.Prefix.CopyTo(line);
        var at = CanaryTally.Prefix.Length;
        _ = Utf8Formatter.TryFormat(number, line[at..], out var digits);
        at += digits;
        line[at++] = (byte)' ';
        _ = Utf8Formatter.TryFormat(Now, line[at..], out digits);
        at += digits;
        line[at++] = (byte)'\n';
        output.Write(line[..at]);
        output.Flush();
    }
}
