using System.Diagnostics;
using System.Globalization;
using Tspm.Protocol.Messages;

namespace Tspm.KillMatrix;

/// <summary>Kills keeper and daemon again and again under a flow of numbered lines with two followers attached; counts at the end.</summary>
internal sealed class Matrix(MatrixOptions options)
{
    private const int BlipsAtOnce = 10;
    private const int LongestPause = 150;
    private const long RotateAt = 256 * 1024;
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(30);
    private readonly Random _random = new(options.Seed);

    /// <summary>Runs it; true if nothing was wrong.</summary>
    public async Task<bool> RunAsync()
    {
        await using var home = new Home(options.Binary);
        await home.RunAsync("daemon", "start");
        var record = Path.Join(home.Root, "flow.record");
        var stop = Path.Join(home.Root, "flow.stop");
        var watch = Stopwatch.StartNew();
        await StartFlowAsync(home, stop, record);
        FlowFollower[] followers =
        [
            new(home.Start("logs", "flow", "-f", "-n", "all", "--no-events", "--receipt", "--raw")),
            new(home.Start("logs", "flow", "-f", "-n", "all", "--no-events", "--receipt")),
        ];
        var kinds = Kinds();
        var blips = new Blips(home, _random);
        var slowest = await KillAllAsync(home, kinds, blips);
        await blips.CheckAsync();
        await File.WriteAllTextAsync(stop, "");
        var written = await ReadRecordAsync(record);
        var seconds = watch.Elapsed.TotalSeconds;
        var view = await ReadFlowAsync(home);
        Console.WriteLine(
            string.Create(
                CultureInfo.InvariantCulture,
                $"{kinds.Count} kills ({options.Kills} each of {string.Join(", ", kinds.Distinct().Order())}), seed {options.Seed}, {seconds:f1} s; {written} lines, {written / seconds:f0} lines/s; whole again after at most {slowest.Time.TotalMilliseconds:f0} ms ({slowest.Kind})"
            )
        );
        Console.WriteLine(
            $"{blips.Checked} programs that ended around the kills: {blips.Unknown} exit codes unknown, {blips.Uncaptured} told as uncaptured, {blips.Faults.Count} wrong"
        );
        var isGood = view is { Run: 1, ExitCode: 0 } && blips.Faults.Count == 0;
        if (view is not { Run: 1, ExitCode: 0 })
        {
            Console.WriteLine($"the flow ended as {view.StatusText} in run {view.Run}");
        }

        foreach (var fault in blips.Faults)
        {
            Console.WriteLine(fault);
        }

        foreach (var follower in followers)
        {
            isGood &= await ReportAsync(follower, written);
        }

        home.IsKept = options.Keep && !isGood;
        Console.WriteLine(isGood ? "0 lost, 0 doubled, 0 restarted" : "FAILED");
        return isGood;
    }

    private List<KillKind> Kinds()
    {
        var kinds = Enum.GetValues<KillKind>()
            .Where(kind => options.Only is null || kind.ToString() == options.Only)
            .SelectMany(kind => Enumerable.Repeat(kind, options.Kills))
            .ToArray();
        _random.Shuffle(kinds);
        return [.. kinds];
    }

    private async Task<(TimeSpan Time, KillKind Kind)> KillAllAsync(
        Home home,
        List<KillKind> kinds,
        Blips blips
    )
    {
        var killer = new Kinds(home, _random);
        var slowest = (Time: TimeSpan.Zero, Kind: KillKind.Daemon);
        for (var i = 0; i < kinds.Count; i++)
        {
            await blips.StartAsync(kinds[i]);
            await Task.Delay(_random.Next(LongestPause));
            var watch = Stopwatch.StartNew();
            await killer.KillAsync(kinds[i]);
            blips.SawKill(kinds[i]);
            await home.WaitUntilWholeAsync();
            slowest = watch.Elapsed > slowest.Time ? (watch.Elapsed, kinds[i]) : slowest;
            if (i % BlipsAtOnce == BlipsAtOnce - 1)
            {
                await blips.CheckAsync();
            }
        }

        return slowest;
    }

    private async Task StartFlowAsync(Home home, string stop, string record)
    {
        var rate = options.Rate.ToString(CultureInfo.InvariantCulture);
        var spec = new ProcessSpec
        {
            Name = "flow",
            Cwd = home.Root,
            Command = [Path.Join(AppContext.BaseDirectory, "kid"), "flow", rate, "0", stop, record],
            Env = ["PATH=/usr/bin:/bin", .. Home.RuntimePlace()],
            Disk = new LogFileSpec { FileBytes = RotateAt },
        };
        await using var client = await home.ConnectAsync();
        var reply = await client.StartAsync(new StartRequest { Spec = spec });
        home.FlowId = reply.Results is [{ Error: null } started]
            ? started.Id
            : throw new InvalidOperationException($"no flow: {reply.Results[0].Message}");
    }

    private static async Task<long> ReadRecordAsync(string record)
    {
        using var changes = new Changes(Path.GetDirectoryName(record)!, Path.GetFileName(record));
        await changes.UntilAsync(() => File.Exists(record), "the flow ends");
        return long.Parse(await File.ReadAllTextAsync(record), CultureInfo.InvariantCulture);
    }

    private static async Task<ProcessView> ReadFlowAsync(Home home)
    {
        await home.RunAsync("wait", "flow", "--for", "exited");
        await using var client = await home.ConnectAsync();
        return (await client.ListAsync(["flow"])).Processes[0];
    }

    private static async Task<bool> ReportAsync(FlowFollower follower, long written)
    {
        var watch = Stopwatch.StartNew();
        while (follower.Last < written && watch.Elapsed < Deadline)
        {
            await Task.Delay(5);
        }

        var (shown, lost) = await follower.EndAsync();
        Console.WriteLine(
            $"follower: {follower.Shown} lines, {follower.Lost} lost, {follower.Doubled} doubled, {follower.Damaged} damaged; its receipt: {shown} shown, {lost} lost"
        );
        if (follower.Fault is { } fault)
        {
            Console.WriteLine($"its first fault: {fault}");
        }

        return follower is { Lost: 0, Doubled: 0, Damaged: 0 }
            && follower.Last == written
            && follower.Shown == written
            && shown == written
            && lost == 0;
    }
}
