using System.Diagnostics;
using System.Globalization;
using Tspm.TestTools;

namespace Tspm.FixtureApp;

/// <summary>Writes numbered lines at a rate, and at the end how many there were.</summary>
internal static class Flow
{
    private const int BlockBytes = 16 * 1024;
    private static readonly TimeSpan LookForStop = TimeSpan.FromMilliseconds(20);

    /// <summary>Writes them.</summary>
    public static void Write(Stream output, int rate, int count, string stop, string record)
    {
        var block = new byte[BlockBytes];
        var watch = Stopwatch.StartNew();
        var written = 0L;
        var lookAt = TimeSpan.Zero;
        while (count == 0 || written < count)
        {
            if (count == 0 && watch.Elapsed > lookAt)
            {
                lookAt = watch.Elapsed + LookForStop;
                if (File.Exists(stop))
                {
                    break;
                }
            }

            var due = (long)(watch.Elapsed.TotalSeconds * rate);
            due = count == 0 ? due : Math.Min(due, count);
            if (written >= due)
            {
                Thread.Sleep(1);
                continue;
            }

            var length = 0;
            while (written < due && length + FlowLines.MaxBytes <= block.Length)
            {
                length += FlowLines.Write(++written, block.AsSpan(length));
            }

            output.Write(block.AsSpan(0, length));
        }

        var fresh = record + ".new";
        File.WriteAllText(fresh, written.ToString(CultureInfo.InvariantCulture));
        File.Move(fresh, record, overwrite: true);
    }
}
