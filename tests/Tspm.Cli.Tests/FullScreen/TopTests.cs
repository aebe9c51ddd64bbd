using System.Text.Json;
using Tspm.Cli.FullScreen.Keys;
using Tspm.Cli.FullScreen.Model;
using Tspm.Cli.FullScreen.Top;
using Tspm.Cli.Tests.Completion;
using Tspm.Protocol.Messages;

namespace Tspm.Cli.Tests.FullScreen;

public sealed class TopTests
{
    [Fact]
    public void The_table_is_sorted_by_what_was_asked_for_and_turned_by_asking_again()
    {
        var state = Some();

        Assert.Equal(["busy", "web", "idle"], Names(state));
        state = Press(state, "n");
        Assert.Equal(["busy", "idle", "web"], Names(state));
        state = Press(state, "n");
        Assert.Equal(["web", "idle", "busy"], Names(state));
        state = Press(state, "l");
        Assert.Equal("web", Names(state)[0]);
    }

    [Fact]
    public void A_filter_is_typed_and_cleared()
    {
        var state = Press(Some(), "/", "I", "d", "Enter");

        Assert.Equal(["idle"], Names(state));
        Assert.Equal(3, Press(state, "\\").Rows.Count);
        Assert.False(Press(Some(), "/", "q").IsOver);
        Assert.True(Press(Some(), "q").IsOver);
    }

    [Theory]
    [InlineData(80)]
    [InlineData(120)]
    [InlineData(200)]
    [InlineData(20)]
    public void The_table_fits(int width)
    {
        var lines = TopTable.Format(Some(), width).Split('\n');

        Assert.All(lines, line => Assert.True(line.Length <= width, line));
        Assert.StartsWith("NAME", lines[0], StringComparison.Ordinal);
        Assert.StartsWith("busy", lines[1], StringComparison.Ordinal);
    }

    [Fact]
    public void The_table_at_80_columns()
    {
        Assert.Equal(
            """
            NAME      STATUS          CPU     MEM    LOG/S  CPU 60s       LOG 60s
            busy      running       95.0%     84M        0           ███            ▁▁
            web       running       12.5%     84M      310            ▂▂            ▂█
            idle      stopped           -       -        -
            """.ReplaceLineEndings("\n"),
            string.Join('\n', TopTable.Format(Some(), 80).TrimEnd('\n').Split('\n'))
        );
    }

    [Fact]
    public void Json_has_null_for_what_is_not_known()
    {
        using var json = JsonDocument.Parse(TopJson.Format(Some()));

        var idle = json.RootElement[2];
        Assert.Equal("idle", idle.GetProperty("name").GetString());
        Assert.Equal(JsonValueKind.Null, idle.GetProperty("cpuPercent").ValueKind);
        Assert.Equal(310, json.RootElement[1].GetProperty("linesPerSecond").GetDouble());
    }

    private static TopState Some()
    {
        var web = SomeProcess.With("web", "default", 1);
        var busy = SomeProcess.With("busy", "default", 2) with { Id = 2, CpuPercent = 95 };
        var idle = SomeProcess.With("idle", "default", 1, "stopped", 3) with
        {
            Id = 3,
            CpuPercent = null,
            MemoryBytes = null,
            UptimeSeconds = null,
        };
        return new TopState().After(
            new ListArrived([Printing(web, 310), Printing(busy, 0), idle], 1_000)
            {
                Samples = new Dictionary<uint, ProcessSamples>
                {
                    [web.Id] = History(web, [null, 10, 310], [null, 12.5, 12.5]),
                    [busy.Id] = History(busy, [null, 0, 0], [95, 95, 95]),
                },
            }
        );
    }

    private static ProcessView Printing(ProcessView view, double perSecond) =>
        view with
        {
            Use = new SampleView { LinesPerSecond = perSecond },
        };

    private static ProcessSamples History(ProcessView view, double?[] lines, double?[] cpu) =>
        new()
        {
            Id = view.Id,
            Ns = view.Ns,
            Name = view.Name,
            Status = view.Status,
            StatusText = view.StatusText,
            Lines = lines,
            Cpu = cpu,
            Memory = [1, null, 2],
        };

    private static IReadOnlyList<string> Names(TopState state) =>
        [.. state.Rows.Select(row => row.View.Name)];

    private static TopState Press(TopState state, params string[] keys)
    {
        foreach (var key in keys)
        {
            var text = key.Length == 1 ? key : "";
            state = state.After(new KeyPressed(new UiKey(key) { Text = text }));
        }

        return state;
    }
}
