using System.Text;
using System.Text.Json;

namespace Tspm.Integration.Tests;

/// <summary>What a child wrote, compared with what the child itself recorded of its writes.</summary>
public sealed class FixtureSpecs
{
    private static readonly string Kid = Path.Join(AppContext.BaseDirectory, "kid");

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public async Task Random_bytes_come_back_as_the_child_wrote_them(int seed)
    {
        await using var home = new TspmHome();
        var record = home.Root + ".record";
        await home.RunAsync([
            "start",
            "--name",
            "noise",
            "--restart",
            "never",
            "--",
            Kid,
            "record",
            record,
            "noise",
            $"{seed}",
            "400",
            "hex",
            "0A",
            "exit",
            "0",
        ]);
        await EndedAsync(home, "noise");

        var raw = await home.ShellAsync(
            $"$T logs noise -n all --raw 2>/dev/null | cmp - {record} && echo same"
        );
        var json = await home.RunAsync("logs", "noise", "-n", "all", "-o", "json");

        Assert.Equal("same\n", raw.Output);
        Assert.Equal(
            Convert.ToHexString(
                await File.ReadAllBytesAsync(record, TestContext.Current.CancellationToken)
            ),
            Convert.ToHexString(BytesOf(json.Lines))
        );
        File.Delete(record);
    }

    [Fact]
    public async Task A_last_line_without_newline_and_a_long_line_are_kept()
    {
        await using var home = new TspmHome();

        await home.RunAsync(
            "start",
            "--name",
            "long",
            "--restart",
            "never",
            "--",
            Kid,
            "fill",
            "100000",
            "hex",
            "0A656E64",
            "exit",
            "0"
        );
        await EndedAsync(home, "long");
        var result = await home.RunAsync("logs", "long", "-n", "all", "--no-events");

        Assert.Equal(
            [new string('z', 100_000), "end"],
            result.Lines.Select(line => line.Replace("…", "", StringComparison.Ordinal))
        );
    }

    [Fact]
    public async Task A_program_that_ignores_the_stop_signal_is_killed_after_its_grace()
    {
        await using var home = new TspmHome();
        await home.RunAsync("start", "--name", "deaf", "--", Kid, "deaf", "print", "1", "sleep");
        var follow = home.StartFollow("logs", "deaf", "-f", "-n", "all", "--no-events");
        await follow.ReadUntilAsync("line 1");

        var stop = await home.RunAsync("stop", "deaf", "--timeout", "200ms");
        var view = (await home.JsonAsync("describe", "deaf", "--json"));

        Assert.True(stop.ExitCode == 0, stop.ToString());
        Assert.Equal("KILL", view.GetProperty("exitSignal").GetString());
    }

    [Fact]
    public async Task Daemon_and_keeper_allocate_nothing_per_line()
    {
        const int lines = 300_000;
        await using var home = new TspmHome();
        var gate = home.Root + ".gate";
        var flood = $"while [ ! -e {gate} ]; do sleep 0.02; done; seq 1 {lines}";
        await home.RunAsync(
            "start",
            "--name",
            "flood",
            "--",
            "/bin/sh",
            "-c",
            $"echo ready; {flood}; rm {gate}; echo warm; {flood}; sleep 1000"
        );
        var follow = home.StartFollow("logs", "flood", "-f", "-n", "all", "--no-events");
        await follow.ReadUntilAsync("ready");
        // Buffers are rented in the first flood; the second is measured.
        await File.WriteAllTextAsync(gate, "", TestContext.Current.CancellationToken);
        await follow.ReadUntilAsync("warm");
        var before = await home.JsonAsync("daemon", "status", "--json");

        await File.WriteAllTextAsync(gate, "", TestContext.Current.CancellationToken);
        await follow.ReadUntilAsync($"{lines}");
        var after = await home.JsonAsync("daemon", "status", "--json");
        File.Delete(gate);

        // The smallest object per line would be 24 bytes times 300,000. What is left: two status requests, and batch
        // buffers of 256 KiB that another pool thread rents for the first time.
        foreach (var field in new[] { "allocatedBytes", "keeperAllocatedBytes" })
        {
            var grown = after.GetProperty(field).GetInt64() - before.GetProperty(field).GetInt64();
            Assert.True(grown < 8 * lines, $"{field} grew by {grown}");
        }
    }

    private static Task EndedAsync(TspmHome home, string name) =>
        TspmHome.UntilAsync(
            async () =>
                (await home.JsonAsync("describe", name, "--json")).GetProperty("status").GetString()
                == "exited",
            $"{name} has ended"
        );

    /// <summary>From JSON back to bytes: entries that were cut at their longest have no newline between them.</summary>
    private static byte[] BytesOf(IEnumerable<string> lines)
    {
        var bytes = new List<byte>();
        foreach (var line in lines)
        {
            using var document = JsonDocument.Parse(line);
            var entry = document.RootElement;
            if (entry.GetProperty("kind").GetString() != "log")
            {
                continue;
            }

            bytes.AddRange(
                entry.TryGetProperty("raw", out var raw)
                    ? raw.GetBytesFromBase64()
                    : Encoding.UTF8.GetBytes(entry.GetProperty("msg").GetString()!)
            );
            if (
                !entry.TryGetProperty("brk", out var broken)
                || broken.GetString() is not ("max" or "eof" or "idle")
            )
            {
                bytes.Add((byte)'\n');
            }
        }

        return [.. bytes];
    }
}
