using System.Diagnostics;
using System.Globalization;
using System.Text.Json;

namespace Tspm.Integration.Tests;

/// <summary>A device that takes writes into the page cache and then fails to keep them; needs root and a loop device.</summary>
public sealed class BadDeviceSpecs
{
    [Fact]
    public async Task A_device_that_fails_at_sync_is_told_costs_no_line_and_is_told_again_when_it_works()
    {
        const int before = 200;
        const int during = 400_000; // More than the file system has had from below so far.
        const int after = 100;
        await using var device = ThinDevice.Mount();
        await using var home = new TspmHome(Path.Join(device.Root, "h"));
        home.Variables["TSPM_RESERVE_BYTES"] = "0";
        var (bad, good) = (device.Gate("bad"), device.Gate("good"));
        await home.StartKidAsync(
            "web",
            "print",
            $"{before}",
            "wait",
            bad,
            "print",
            $"{during}",
            "wait",
            good,
            "print",
            $"{after}",
            "flow",
            "200",
            "1600",
            "/",
            device.Gate("count"),
            "sleep"
        );
        var follow = home.StartFollow("logs", "web", "-f", "-n", "all", "-o", "json");
        var rows = await follow.ReadUntilAsync($"\"line {before}\"");

        device.TakeSpace();
        await File.WriteAllTextAsync(bad, "", TestContext.Current.CancellationToken);
        rows.AddRange(await follow.ReadUntilAsync("\"sync-failed\""));
        var state = await StateAsync(home);
        device.GiveSpace();
        await File.WriteAllTextAsync(good, "", TestContext.Current.CancellationToken);
        rows.AddRange(await follow.ReadUntilAsync("\"resumed\""));
        await TspmHome.UntilAsync(async () => await StateAsync(home) == "ok", "all is well again");
        var stored = (await home.RunAsync("logs", "web", "-n", "all", "-o", "json")).Lines;
        var events = await home.RunAsync("events", "web");

        Assert.Equal("sync-failed", state);
        Assert.Contains(
            "the disk did not take what was written",
            events.Output,
            StringComparison.Ordinal
        );
        Assert.Contains("the disk takes output again", events.Output, StringComparison.Ordinal);
        Assert.DoesNotContain(
            rows,
            row => row.Contains("\"kind\":\"gap\"", StringComparison.Ordinal)
        );
        // Followers had it while it was in memory. What the disk does not give back is a hole, and never zeros.
        var shown = rows.Select(TextOf)
            .Where(text => text.StartsWith("line ", StringComparison.Ordinal));
        Assert.Equal(Lines(before).Concat(Lines(during)).Concat(Lines(after)), shown);
        long next = 1;
        foreach (var row in stored)
        {
            var (from, to) = RangeOf(row);
            Assert.Equal(next, from);
            Assert.DoesNotContain("\\u0000", row, StringComparison.Ordinal);
            next = to + 1;
        }

        Assert.True(next > before + during + after);
        Assert.Equal(Enumerable.Range(1, rows.Count).Select(seq => (long)seq), rows.Select(SeqOf));
    }

    private static IEnumerable<string> Lines(int count) =>
        Enumerable
            .Range(1, count)
            .Select(i => string.Create(CultureInfo.InvariantCulture, $"line {i}"));

    private static long SeqOf(string row) => RangeOf(row).From;

    private static (long From, long To) RangeOf(string row)
    {
        using var json = JsonDocument.Parse(row);
        var root = json.RootElement;
        if (root.GetProperty("kind").GetString() == "gap")
        {
            Assert.Equal("corrupt", root.GetProperty("reason").GetString());
            return (root.GetProperty("from").GetInt64(), root.GetProperty("to").GetInt64());
        }

        var seq = root.GetProperty("seq").GetInt64();
        return (seq, seq);
    }

    private static string TextOf(string row)
    {
        using var json = JsonDocument.Parse(row);
        return json.RootElement.TryGetProperty("msg", out var text) ? text.GetString()! : "";
    }

    private static async Task<string> StateAsync(TspmHome home) =>
        (await home.JsonAsync("describe", "web", "--json"))
            .GetProperty("counters")
            .GetProperty("diskState")
            .GetString()!;

    /// <summary>An ext4 on a loop device whose image is sparse, on a tmpfs that can be filled: the file system believes in space that is not there.</summary>
    private sealed class ThinDevice : IAsyncDisposable
    {
        private readonly string _backing = Directory.CreateTempSubdirectory("tsb").FullName;

        public string Root { get; } = Directory.CreateTempSubdirectory("tse").FullName;

        public static ThinDevice Mount()
        {
            Assert.SkipUnless(Environment.UserName == "root", "only root can mount a file system");
            var device = new ThinDevice();
            var image = Path.Join(device._backing, "image");
            var fault = Run("mount", "-t", "tmpfs", "-o", "size=16m", "tmpfs", device._backing);
            if (fault.Length == 0)
            {
                using (var file = File.Create(image))
                {
                    file.SetLength(64 << 20);
                }

                fault = Run("mkfs.ext4", "-q", "-F", "-O", "^has_journal", image);
                fault =
                    fault.Length > 0
                        ? fault
                        : Run("mount", "-o", "loop,errors=continue", image, device.Root);
            }

            if (fault.Length > 0)
            {
                Run("umount", "-l", device._backing);
            }

            Assert.SkipWhen(fault.Length > 0, $"no device can be made here: {fault}");
            return device;
        }

        public string Gate(string name) => Path.Join(_backing, name);

        /// <summary>Not a block is left below the file system.</summary>
        public void TakeSpace()
        {
            using var file = File.Create(Path.Join(_backing, "filler"), 1);
            var block = new byte[4096];
            try
            {
                while (true)
                {
                    file.Write(block);
                }
            }
            catch (IOException)
            {
                // Full, as wished.
            }
        }

        public void GiveSpace() => File.Delete(Path.Join(_backing, "filler"));

        public ValueTask DisposeAsync()
        {
            Run("umount", "-l", Root);
            Run("umount", "-l", _backing);
            Directory.Delete(Root);
            Directory.Delete(_backing);
            return ValueTask.CompletedTask;
        }

        private static string Run(string program, params string[] words)
        {
            var start = new ProcessStartInfo(program, words)
            {
                UseShellExecute = false,
                RedirectStandardError = true,
            };
            using var process = Process.Start(start)!;
            var errors = process.StandardError.ReadToEnd();
            process.WaitForExit();
            return process.ExitCode == 0 ? "" : errors + $"exit {process.ExitCode}";
        }
    }
}
