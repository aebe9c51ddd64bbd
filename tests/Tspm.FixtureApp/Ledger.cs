using System.Buffers.Binary;
using System.Diagnostics;
using System.Runtime.InteropServices;
using Tspm.TestTools;

namespace Tspm.FixtureApp;

/// <summary>Writes numbered lines at a rate until SIGTERM, and keeps a file per run that even SIGKILL leaves true.</summary>
/// <remarks>The file is named by the run; u64 at 0: the last line that may have been written, u64 at 8: the last that was.</remarks>
internal static class Ledger
{
    private const int BlockBytes = 4 * 1024;
    private const int LongestPause = 100;

    /// <summary>Writes them.</summary>
    public static void Write(Stream output, int rate, string directory)
    {
        var isEnding = false;
        using var terminate = PosixSignalRegistration.Create(
            PosixSignal.SIGTERM,
            context =>
            {
                context.Cancel = true;
                Volatile.Write(ref isEnding, true);
            }
        );
        var run = Environment.GetEnvironmentVariable("TSPM_RUN") ?? "none";
        using var file = File.OpenHandle(
            Path.Join(directory, run),
            FileMode.Create,
            FileAccess.Write
        );
        Span<byte> number = stackalloc byte[sizeof(long)];
        var block = new byte[BlockBytes];
        var watch = Stopwatch.StartNew();
        var pause = Math.Clamp(500 / rate, 2, LongestPause);
        for (var written = 0L; !Volatile.Read(ref isEnding); )
        {
            var due = (long)(watch.Elapsed.TotalSeconds * rate);
            var length = 0;
            while (written < due && length + FlowLines.MaxBytes <= block.Length)
            {
                length += FlowLines.Write(++written, block.AsSpan(length));
            }

            if (length == 0)
            {
                Thread.Sleep(pause);
                continue;
            }

            BinaryPrimitives.WriteInt64LittleEndian(number, written);
            RandomAccess.Write(file, number, 0);
            output.Write(block.AsSpan(0, length));
            RandomAccess.Write(file, number, sizeof(long));
        }
    }
}
