using System.Diagnostics;
using Tspm.Protocol.Messages;

namespace Tspm.Integration.Tests;

/// <summary>A follower while files are rotated all the time, and before, during and after a full disk.</summary>
public sealed class LogFileSpecs
{
    private static readonly string Kid = Path.Join(AppContext.BaseDirectory, "kid");

    [Fact]
    public async Task A_follow_over_constant_rotation_shows_what_the_child_recorded()
    {
        const int lines = 60_000;
        await using var home = new TspmHome();
        var record = home.Root + ".record";
        var go = home.Root + ".go";
        await home.RunAsync("list");
        await using (var client = await home.ConnectAsync())
        {
            var reply = await client.StartAsync(
                new StartRequest
                {
                    Spec = new ProcessSpec
                    {
                        Name = "flood",
                        Command = [Kid, "record", record, "wait", go, "print", $"{lines}"],
                        Cwd = "/",
                        Restart = new RestartSpec { Policy = RestartPolicies.Never },
                        Disk = new LogFileSpec { FileBytes = 4096 },
                    },
                },
                TestContext.Current.CancellationToken
            );
            Assert.True(reply.Results[0].Error is null, reply.Results[0].Message);
        }

        var follow = home.StartFollow(
            "logs",
            "flood",
            "-f",
            "-n",
            "all",
            "--no-prefix",
            "--no-events"
        );
        await File.WriteAllTextAsync(go, "", TestContext.Current.CancellationToken);
        var seen = await follow.ReadUntilAsync($"line {lines}");
        await home.EndedAsync("flood");

        var kept = await home.ShellAsync(
            $"$T logs flood -n all --raw 2>/dev/null | cmp - {record} && echo same"
        );
        Assert.Equal("same\n", kept.Output);
        Assert.Equal(Enumerable.Range(1, lines).Select(line => $"line {line}"), seen);
        Assert.InRange(DataFiles(home).Count, 5, lines);
        File.Delete(record);
        File.Delete(go);
    }

    [Fact]
    public async Task A_full_disk_stops_no_program_and_a_follower_gets_everything()
    {
        Assert.SkipUnless(
            Environment.UserName == "root",
            "a small tmpfs can be mounted by root only"
        );
        var root = Path.Join(Path.GetTempPath(), $"tf{Random.Shared.NextInt64():x}"[..12]);
        Directory.CreateDirectory(root);
        await RunToolAsync("mount", "-t", "tmpfs", "-o", "size=1m,mode=700", "tmpfs", root);
        try
        {
            await CheckFullDiskAsync(Path.Join(root, "home"), Path.Join(root, "filler"));
        }
        finally
        {
            await RunToolAsync("umount", root);
            Directory.Delete(root);
        }
    }

    private static async Task CheckFullDiskAsync(string root, string filler)
    {
        const int lines = 40_000;
        await using var home = new TspmHome(root);
        var record = Path.GetTempFileName();
        var go = record + ".go";
        var more = record + ".more";
        await home.ShellAsync("TSPM_RESERVE_BYTES=0 $T list");
        await home.StartKidAsync(
            "web",
            "record",
            record,
            "print",
            "100",
            "wait",
            go,
            "print",
            $"{lines}",
            "wait",
            more,
            "print",
            "50",
            "hex",
            "646F6E650A"
        );
        var follow = home.StartFollow(
            "logs",
            "web",
            "-f",
            "-n",
            "all",
            "--no-prefix",
            "--no-events"
        );
        var seen = await follow.ReadUntilAsync("line 100");

        // During: not one byte is left, and the program prints on as if nothing were.
        await FillAsync(filler);
        await File.WriteAllTextAsync(go, "", TestContext.Current.CancellationToken);
        const int buffered = 8192; // the child's record is behind by its buffer
        var whole = Enumerable.Range(1, lines).Sum(line => $"line {line}\n".Length);
        await TspmHome.UntilAsync(
            () => Task.FromResult(new FileInfo(record).Length >= whole - buffered),
            "the program prints while the disk is full"
        );
        await TspmHome.UntilAsync(
            () => Task.FromResult(SpillOf(home).Count > 0),
            "output is in the spill"
        );

        // After: by itself it goes on in the home, and nothing is missing.
        File.Delete(filler);
        await File.WriteAllTextAsync(more, "", TestContext.Current.CancellationToken);
        seen.AddRange(await follow.ReadUntilAsync("done"));
        await home.EndedAsync("web");

        Assert.Equal(
            await File.ReadAllLinesAsync(record, TestContext.Current.CancellationToken),
            seen
        );
        File.Delete(record);
        File.Delete(go);
        File.Delete(more);
    }

    private static async Task FillAsync(string filler)
    {
        await using var file = new FileStream(
            filler,
            FileMode.Create,
            FileAccess.Write,
            FileShare.None,
            0
        );
        var block = new byte[4096];
        try
        {
            while (true)
            {
                await file.WriteAsync(block, TestContext.Current.CancellationToken);
            }
        }
        catch (IOException)
        {
            // Full: that is what was wanted.
        }
    }

    private static List<string> DataFiles(TspmHome home) =>
        [
            .. Directory
                .EnumerateFiles(home.Root, "out.*", SearchOption.AllDirectories)
                .Where(path => char.IsAsciiDigit(path[^1])),
        ];

    private static List<string> SpillOf(TspmHome home)
    {
        var machine = Directory.GetDirectories(home.Root).Single();
        var spill = CaptureLog.SpillPlace.Of(new CaptureLog.HomePaths(home.Root, machine));
        return Directory.Exists(spill.Process(1))
            ? [.. Directory.EnumerateFiles(spill.Process(1))]
            : [];
    }

    private static async Task RunToolAsync(string tool, params string[] arguments)
    {
        using var process = Process.Start(tool, arguments);
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);
        Assert.Equal(0, process.ExitCode);
    }
}
