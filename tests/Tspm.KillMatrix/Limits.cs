using System.Diagnostics;
using System.Globalization;

namespace Tspm.KillMatrix;

/// <summary>What 100 programs cost a keeper, and how long a new daemon and a new keeper need until they have them.</summary>
internal sealed class Limits(MatrixOptions options)
{
    private const int Programs = 100;

    /// <summary>Measures and prints; true if it is within the limits of the published binary.</summary>
    public async Task<bool> RunAsync()
    {
        await using var home = new Home(options.Binary);
        for (var i = 1; i <= Programs; i++)
        {
            await home.RunAsync("start", "--name", $"p{i}", "--", "/bin/sleep", "100000");
        }

        var before = await home.WaitUntilWholeAsync();
        var anonymous = Home.AnonymousKiB(home.Keeper);
        var daemon = await MeasureAsync(home, home.Daemon);
        var keeper = await MeasureAsync(home, home.Keeper);
        var adopted = Home.AnonymousKiB(home.Keeper);
        var status = await home.WaitUntilWholeAsync();
        Console.WriteLine(
            string.Create(
                CultureInfo.InvariantCulture,
                $"{status.Running} of {before.Running} programs; keeper {anonymous} KiB anonymous, after adoption {adopted} KiB; from kill to whole: new daemon {daemon.TotalMilliseconds:f0} ms, new keeper {keeper.TotalMilliseconds:f0} ms"
            )
        );
        return status.Running == Programs
            && Math.Max(anonymous, adopted) <= 8 * 1024
            && daemon.TotalMilliseconds <= 300
            && keeper.TotalMilliseconds <= 500;
    }

    private static async Task<TimeSpan> MeasureAsync(Home home, int pid)
    {
        var watch = Stopwatch.StartNew();
        Home.Kill(pid);
        while (home.Daemon == pid || home.Keeper == pid)
        {
            await Task.Delay(1);
        }

        await home.WaitUntilWholeAsync();
        return watch.Elapsed;
    }
}
