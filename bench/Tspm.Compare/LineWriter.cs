using System.Buffers.Text;
using System.Diagnostics;
using System.Globalization;
using Microsoft.Win32.SafeHandles;

namespace Tspm.Compare;

/// <summary>The child: warm lines until the gate file is there, then numbered lines as fast as they go, or one every so often.</summary>
/// <remarks>A line is a 10-digit number, a space, the monotonic time of its write (18 digits, paced lines only), padding, a newline.</remarks>
internal static class LineWriter
{
    public const int StampAt = 11;
    public const int StampDigits = 18;

    public static void Run(Arguments arguments)
    {
        var lines = arguments.Number("lines", 1000);
        var size = arguments.Number("size", 100);
        var perWrite = Math.Max(1, arguments.Number("block", 65536) / size);
        var pause = arguments.Number("interval-us", 0);
        using var output = new FileStream(
            new SafeFileHandle(1, ownsHandle: false),
            FileAccess.Write,
            0
        );
        while (!File.Exists(arguments.Text("gate")))
        {
            output.Write("warm\n"u8);
            Thread.Sleep(20);
        }

        var block = new byte[perWrite * size];
        block.AsSpan().Fill((byte)'x');
        var begin = Stopwatch.GetTimestamp();
        for (var next = 0; next < lines; )
        {
            var count = Math.Min(perWrite, lines - next);
            for (var i = 0; i < count; i++)
            {
                var line = block.AsSpan(i * size, size);
                Utf8Formatter.TryFormat(next + i, line, out _, new('D', 10));
                line[10] = (byte)' ';
                line[^1] = (byte)'\n';
            }

            if (pause > 0)
            {
                WaitUntil(begin + ((long)next * pause * Stopwatch.Frequency / 1_000_000));
                Utf8Formatter.TryFormat(
                    Stopwatch.GetTimestamp(),
                    block.AsSpan(StampAt),
                    out _,
                    new('D', StampDigits)
                );
            }

            output.Write(block, 0, count * size);
            next += count;
        }

        var end = Stopwatch.GetTimestamp();
        Files.Replace(
            arguments.Text("report"),
            string.Create(CultureInfo.InvariantCulture, $"begin={begin}\nend={end}\n")
        );
    }

    private static void WaitUntil(long time)
    {
        var left = Stopwatch.GetElapsedTime(Stopwatch.GetTimestamp(), time);
        if (left > TimeSpan.Zero)
        {
            Thread.Sleep(left);
        }
    }
}
