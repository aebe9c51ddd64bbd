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
        await using var device = await ThinDevice.MountAsync();
        await using var home = new TspmHome(Path.Join(device.Root, "h"));
        home.Variables["TSPM_RESERVE_BYTES"] = "0";
        var (bad, good, count) = (device.Gate("bad"), device.Gate("good"), device.Gate("count"));
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
            "1000",
            "1600",
            "/",
            count,
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
        await TspmHome.UntilAsync(() => Task.FromResult(File.Exists(count)), "all is printed");
        var stored = (await home.RunAsync("logs", "web", "-n", "all", "-o", "json")).Lines.ToList();
        while (RangeOf(rows[^1]).To < RangeOf(stored[^1]).To)
        {
            rows.Add(await follow.ReadAsync());
        }

        var events = await home.RunAsync("events", "web");

        Assert.Equal("sync-failed", state);
        Assert.Contains(
            "the disk did not take what was written",
            events.Output,
            StringComparison.Ordinal
        );
        Assert.Contains("the disk takes output again", events.Output, StringComparison.Ordinal);
        // What the kernel has dropped from memory meanwhile, and the device does not give back, is a gap for a follower too: never
        // zeros, never another line.
        CheckRanges(rows);
        CheckRanges(stored);
        var expected = Lines(before).Concat(Lines(during)).Concat(Lines(after)).ToList();
        var shown = rows.Select(TextOf)
            .Where(text => text.StartsWith("line ", StringComparison.Ordinal))
            .ToList();
        var at = 0;
        foreach (var text in shown)
        {
            at = expected.IndexOf(text, at) + 1;
            Assert.True(at > 0, $"'{text}' is not one of the lines that are left");
        }

        var told = rows.Select(RangeOf).Sum(range => range.To - range.From);
        Assert.True(shown.Count + told + rows.Count(IsGap) >= expected.Count);
    }

    /// <summary>Every number is there once, as an entry or in a gap, and nothing that was never printed.</summary>
    private static void CheckRanges(List<string> rows)
    {
        long next = 1;
        foreach (var row in rows)
        {
            var (from, to) = RangeOf(row);
            Assert.Equal(next, from);
            Assert.DoesNotContain("\\u0000", row, StringComparison.Ordinal);
            next = to + 1;
        }
    }

    private static IEnumerable<string> Lines(int count) =>
        Enumerable
            .Range(1, count)
            .Select(i => string.Create(CultureInfo.InvariantCulture, $"line {i}"));

    private static bool IsGap(string row) =>
        row.Contains("\"kind\":\"gap\"", StringComparison.Ordinal);

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
}
