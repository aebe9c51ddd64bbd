using System.Text;
using CsCheck;
using Tspm.Cli.FullScreen.Model;
using Tspm.Cli.FullScreen.View;
using Tspm.Cli.Rendering;
using Tspm.Protocol.Messages;

namespace Tspm.Cli.Tests.FullScreen;

public sealed class UiViewTests
{
    private static readonly string[] Keys =
    [
        .. KeyMap.Bindings.SelectMany(one => one.Keys).Where(key => key is not ("q" or "Ctrl+C")),
        "漢",
        "Backspace",
        "Ctrl+U",
        "Ctrl+W",
        "Delete",
        "x",
        "y",
        "z",
        "\\",
        "(",
    ];

    [Theory]
    [InlineData(80, 24)]
    [InlineData(120, 40)]
    [InlineData(200, 50)]
    [InlineData(60, 16)]
    [InlineData(20, 10)]
    public void The_screen_looks_like_this(int width, int height)
    {
        var rig = Shop(width, height);

        CheckGolden($"ui-{width}x{height}.txt", rig.Screen);
    }

    [Fact]
    public void Merged_logs_paused_and_marked_look_like_this()
    {
        var rig = Shop(110, 20);
        rig.Press("a", "Tab", "k", "k", "m", "k");

        CheckGolden("ui-merged.txt", rig.Screen);
    }

    [Fact]
    public void The_edge_tells_where_the_view_stands_and_what_lies_where()
    {
        var rig = Shop(100, 24);
        rig.Print(1, 1, _ => "at last: the needle");
        rig.Print(1, 3, seq => $"line {seq}");
        rig.Press("Tab", "g", "j", "m", "/");
        rig.Type("needle");
        rig.Press("Enter");

        var edge = rig.Screen.Split('\n')[2..21].Select(row => row[^1]).ToArray();

        // A mark at the top, then what was loaded on the way; the view with its match stands at the end.
        Assert.Equal('◀', edge[0]);
        Assert.Contains('╂', edge);
        Assert.Contains('╋', edge);
        Assert.Contains('│', edge);
    }

    [Fact]
    public void Stack_traces_are_folded_and_a_match_in_one_unfolds_it()
    {
        var rig = Shop(100, 24);
        rig.Print(1, "System.Exception: no");
        for (var i = 1; i <= 9; i++)
        {
            rig.Print(1, $"   at Frame{i}()");
        }

        rig.Print(1, "after");
        rig.List();
        rig.Press("z");

        var folded = rig.Screen;
        rig.Press("k", "k", "/");
        rig.Type("Frame7");
        rig.Press("Enter");

        Assert.Contains("at Frame2()", folded, StringComparison.Ordinal);
        Assert.Contains("    … 7 more lines; z unfolds", folded, StringComparison.Ordinal);
        Assert.DoesNotContain("at Frame3()", folded, StringComparison.Ordinal);
        Assert.Contains("after", folded, StringComparison.Ordinal);
        Assert.Contains("at Frame7()", rig.Screen, StringComparison.Ordinal);
        Assert.Contains("at Frame3()", rig.Screen, StringComparison.Ordinal);
        rig.Press("z", "z", "z");
        Assert.Contains("more lines", rig.Screen, StringComparison.Ordinal);
    }

    [Fact]
    public void Help_is_the_table_of_keys()
    {
        var rig = Shop(90, 60);
        rig.Press("?");

        Assert.All(
            KeyMap.Bindings,
            one => Assert.Contains(one.Help, rig.Screen, StringComparison.Ordinal)
        );
        CheckGolden("ui-help.txt", rig.Screen);
    }

    [Fact]
    public void Without_unicode_there_is_none()
    {
        var rig = Shop(100, 20, new UiLook { HasUnicode = false });

        Assert.All(
            rig.Screen.Replace("漢字", ""),
            letter => Assert.True(letter < 127, $"{letter}")
        );
    }

    [Fact]
    public void No_key_has_two_meanings()
    {
        var keys = KeyMap.Bindings.SelectMany(one => one.Keys).ToList();

        Assert.Equal(keys.Count, keys.Distinct().Count());
        Assert.Equal(
            KeyMap.Bindings.Count,
            KeyMap.Bindings.Select(one => one.Action).Distinct().Count()
        );
    }

    [Fact]
    public void Nothing_breaks_the_screen_at_any_size()
    {
        Gen.Select(Gen.Int[1, 220], Gen.Int[1, 60])
            .List[1, 12]
            .Sample(
                sizes =>
                {
                    var rig = Shop(100, 30);
                    foreach (var (width, height) in sizes)
                    {
                        rig.Send(new Resized(width, height));
                        Check(rig);
                        rig.Press("Tab", "k");
                        Check(rig);
                    }
                },
                iter: 60
            );
    }

    [Fact]
    public void Random_keys_never_break_what_always_holds()
    {
        Gen.Select(
                Gen.Int[0, Keys.Length - 1].Select(at => Keys[at]).List[1, 60],
                Gen.Int[1, 130],
                Gen.Int[1, 50]
            )
            .Sample(
                (keys, width, height) =>
                {
                    var rig = Shop(width, height);
                    foreach (var key in keys)
                    {
                        rig.Press(key);
                        Check(rig);
                        if (key == "j")
                        {
                            rig.Print(1, 700, seq => $"more {seq}");
                            rig.List();
                        }
                        else if (key == "k")
                        {
                            rig.Expire(1, Math.Min(rig.Head(1), 400));
                        }
                    }
                },
                iter: 300
            );
    }

    [Fact]
    public void Text_of_programs_moves_nothing()
    {
        var rig = new UiRig(90, 24);
        rig.AddProcess(1, "web");
        foreach (
            var text in new[]
            {
                "\e[2J\e[H gone?",
                "\e]0;title\a\e[?1049l",
                "back\b\b\b\rspace",
                "\u202eoverride",
                "\u009b31mC1",
                "tab\there",
                "wide 漢字漢字漢字漢字漢字漢字漢字漢字漢字漢字漢字漢字漢字漢字漢字漢字漢字漢字",
                "zero\u200bwidth\ufe0f e\u0301",
                new string('x', 32_000),
            }
        )
        {
            rig.Print(1, text);
        }

        rig.List();

        Check(rig);
        rig.Press("w");
        Check(rig);
    }

    // What always holds, whatever was pressed.
    private static void Check(UiRig rig)
    {
        var state = rig.State;
        var grid = rig.Grid;
        Assert.Equal((state.Width, state.Height), (grid.Width, grid.Height));
        var plan = ScreenPlan.Of(state);
        for (var y = 0; y < grid.Height; y++)
        {
            var row = grid.Row(y);
            for (var x = 0; x < row.Length; x++)
            {
                var isWide = !row[x].IsTail && CellWidth.Measure(new Rune(row[x].Rune)) == 2;
                var hasTail = x + 1 < row.Length && row[x + 1].IsTail;
                Assert.True(row[x].IsTail || isWide == hasTail, $"half a character at {x},{y}");
                Assert.False(!row[x].IsTail && Rune.IsControl(new Rune(row[x].Rune)));
            }

            if (!plan.IsTooSmall)
            {
                Assert.Contains((char)row[0].Rune, "┌│├└◀");
                Assert.Contains((char)row[^1].Rune, "┐│┤┘┃┠╋┇╂◀");
            }
        }

        Assert.All(
            state.Rows.Zip(state.Rows.Skip(1)),
            pair =>
                Assert.True(
                    pair.First.Id != pair.Second.Id || pair.First.LastSeq < pair.Second.Seq,
                    "a log out of order, or an entry twice"
                )
        );
        Assert.True(
            state.Follows
                || state.Rows.Count == 0
                || state.IsSeeking
                || state.Rows.Any(line => line.Key == state.Cursor),
            "pinned to a line that is not there"
        );
        Assert.True(state.Slices.Values.All(slice => slice.Lines.Count <= LogSlice.MaxLines));
        Assert.True(state.Prompt is null || state.Prompt.Text.Length <= PromptActions.MaxText);
    }

    private static UiRig Shop(int width, int height, UiLook? look = null)
    {
        var rig = new UiRig(width, height, look);
        rig.AddProcess(1, "web");
        rig.AddProcess(2, "worker", "backoff");
        rig.AddProcess(3, "db");
        rig.AddProcess(4, "mail", "stopped");
        rig.AddProcess(5, "a-program-with-a-long-name-漢字", "exited");
        rig.List();
        rig.Send(new HostTold(18, 1_288_490_188));
        rig.Send(
            new DaemonTold(
                new StatusReply
                {
                    Pid = 1,
                    KeeperPid = 2,
                    Version = "1.4.0",
                    Build = "b",
                    Protocol = 1,
                    DaemonId = "d",
                    Home = "/h",
                    Socket = "/h/s",
                    UptimeSeconds = 180_000,
                    Processes = 5,
                    Running = 2,
                    Clients = 1,
                    Subscriptions = 0,
                    JournalPosition = 0,
                    AllocatedBytes = 0,
                }
            )
        );
        for (var i = 1; i <= 600; i++)
        {
            rig.Print(1, $"GET /health/{i} 200 1ms");
            if (i % 7 == 0)
            {
                rig.Print(1, $"slow query {i} error", LineKind.Err);
                rig.Print(3, $"checkpoint {i} 漢字 complete");
            }
        }

        rig.Print(
            1,
            "{\"what\":\"run-exit\",\"run\":1,\"code\":1,\"durationMs\":182000,\"next\":\"restart\"}",
            LineKind.Event
        );
        rig.Print(1, "{\"what\":\"run-start\",\"run\":2,\"pid\":4711}", LineKind.Event);
        rig.Print(1, "listening on :3000");
        rig.Print(2, "retry 3 of 5");
        rig.List();
        return rig;
    }

    private static void CheckGolden(string name, string actual)
    {
        var file = Path.Join(Environment.GetEnvironmentVariable("TSPM_WRITE_GOLDEN"), name);
        if (Environment.GetEnvironmentVariable("TSPM_WRITE_GOLDEN") is { Length: > 0 })
        {
            File.WriteAllText(file, actual);
        }

        var expected = File.ReadAllText(
            Path.Join(AppContext.BaseDirectory, "FullScreen", "Golden", name)
        );
        Assert.Equal(expected, actual);
    }
}
