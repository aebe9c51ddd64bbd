using Tspm.Cli.FullScreen.Model;

namespace Tspm.Cli.Tests.FullScreen;

public sealed class UiModelTests
{
    [Fact]
    public void Every_entry_that_is_kept_is_reached_by_scrolling_each_once_in_order()
    {
        var rig = Filled(9_000);
        rig.Expire(1, 101);
        rig.Press("Enter", "k");

        var seen = new List<long>();
        for (var last = -1L; rig.State.Cursor.Seq != last; )
        {
            last = rig.State.Cursor.Seq;
            seen.Add(last);
            rig.Press("k");
            Assert.True(rig.State.Rows.Count <= LogSlice.MaxLines + 1);
        }

        // The gap row of what retention took is the first one.
        Assert.Equal([.. Enumerable.Range(101, 8_899).Reverse().Select(seq => (long)seq), 1], seen);
    }

    [Fact]
    public void A_paused_view_stays_where_it_is_while_the_log_grows_and_follows_to_the_newest()
    {
        var rig = Filled(500);
        rig.Press(" ");
        var before = Lines(rig);

        for (var i = 0; i < 50; i++)
        {
            rig.Print(1, 100, seq => $"line {seq}");
        }

        var paused = Lines(rig);
        rig.List();
        var title = rig.Screen;
        rig.Press(" ");

        Assert.Equal(before, paused);
        Assert.Contains("paused +5,000 since", title, StringComparison.Ordinal);
        Assert.Contains("line 5500", rig.Screen, StringComparison.Ordinal);
        Assert.Contains("following", rig.Screen, StringComparison.Ordinal);
    }

    [Fact]
    public void What_came_while_paused_is_read_by_scrolling_down_without_a_hole()
    {
        var rig = Filled(500);
        rig.Press("Enter", " ");
        rig.Print(1, 20_000, seq => $"line {seq}");

        var last = rig.State.Cursor.Seq;
        for (var i = 0; i < 20_000; i++)
        {
            rig.Press("j");
            Assert.Equal(last + 1, rig.State.Cursor.Seq);
            last = rig.State.Cursor.Seq;
        }

        Assert.Equal(20_500, last);
    }

    [Fact]
    public void A_flood_is_followed_with_bounded_memory_and_one_question_at_a_time()
    {
        var rig = Filled(10);
        var asked = rig.Asked;

        for (var i = 0; i < 300; i++)
        {
            rig.Print(1, 3_300, seq => $"line {seq}");
            Assert.True(rig.State.Rows.Count <= LogSlice.MaxLines);
            Assert.Contains($"line {rig.Head(1)}", rig.Screen, StringComparison.Ordinal);
        }

        Assert.InRange(rig.Asked - asked, 300, 310);
    }

    [Fact]
    public void A_search_goes_through_all_that_is_kept()
    {
        var rig = Filled(50_000);
        rig.Press("Enter", "/");
        rig.Type("line 77$");
        rig.Press("Enter");

        Assert.Equal(77, rig.State.Cursor.Seq);
        Assert.False(rig.State.Follows);
        rig.Press("\\", "/");
        rig.Type("line 4999.");
        rig.Press("Enter", "n", "n");
        Assert.Equal(49_992, rig.State.Cursor.Seq);
        rig.Press("N");
        Assert.Equal(49_991, rig.State.Cursor.Seq);
        rig.Press("N", "N");
        Assert.Contains("no match there", rig.Screen, StringComparison.Ordinal);
    }

    [Fact]
    public void A_filter_shows_matching_lines_only_and_keeps_the_place()
    {
        var rig = Filled(5_000);
        rig.Press("Enter", "&");
        rig.Type("00$");
        rig.Press("Enter");

        Assert.Equal(50, rig.State.Rows.Count);
        Assert.Contains("line 5000", rig.Screen, StringComparison.Ordinal);
        rig.Press("g");
        Assert.Equal(100, rig.State.Cursor.Seq);
        rig.Press("!");
        rig.Type("line 1..$");
        rig.Press("Enter");
        Assert.Equal(200, rig.State.Cursor.Seq);
        rig.Press("\\");
        Assert.Equal(200, rig.State.Cursor.Seq);
        Assert.Contains("line 201", rig.Screen, StringComparison.Ordinal);
    }

    [Fact]
    public void Errors_runs_and_markers_are_found_in_both_directions()
    {
        var rig = new UiRig(100, 30);
        rig.AddProcess(1, "web");
        for (uint run = 1; run <= 3; run++)
        {
            rig.Print(
                1,
                $"{{\"what\":\"run-start\",\"run\":{run},\"pid\":7}}",
                LineKind.Event,
                run
            );
            for (var i = 0; i < 1_000; i++)
            {
                rig.Print(1, i == 500 ? "it FAILED here" : $"fine {i}", LineKind.Out, run);
            }
        }

        rig.List();
        rig.Press("Enter", "E");
        Assert.Equal(2_503 + 1, rig.State.Cursor.Seq);
        rig.Press("E");
        Assert.Equal(1_503, rig.State.Cursor.Seq);
        rig.Press("e");
        Assert.Equal(2_504, rig.State.Cursor.Seq);
        rig.Press("{");
        Assert.Equal(2_003, rig.State.Cursor.Seq);
        rig.Press("{");
        Assert.Equal(1_002, rig.State.Cursor.Seq);
        rig.Press("}");
        Assert.Equal(2_003, rig.State.Cursor.Seq);
        rig.Press("[");
        Assert.Equal(2u, rig.State.Rows.First(line => line.Key == rig.State.Cursor).Run);
        rig.Press("G", "m", "g", "m", "'", "'");
        Assert.Equal(1, rig.State.Cursor.Seq);
    }

    [Fact]
    public void Logs_are_merged_by_capture_order_and_each_keeps_its_own()
    {
        var rig = new UiRig(100, 40);
        rig.AddProcess(1, "web");
        rig.AddProcess(2, "db");
        for (var i = 0; i < 2_000; i++)
        {
            rig.Print(1, $"web {i}");
            if (i % 10 == 0)
            {
                rig.Print(2, $"db {i}");
            }
        }

        rig.List();
        rig.Press("a", "Enter", "k");
        var seen = new List<ulong>();
        for (var last = new LineKey(0, 0); rig.State.Cursor != last; rig.Press("k"))
        {
            last = rig.State.Cursor;
            seen.Add(rig.State.Rows.First(line => line.Key == last).Ord);
        }

        Assert.Equal(Enumerable.Range(1, 2_199).Reverse().Select(ord => (ulong)ord), seen);
    }

    [Fact]
    public void Keys_that_change_are_not_there_in_read_only_and_kill_asks()
    {
        var rig = Filled(10);
        rig.Press("r", "S", "x", "n", "x", "y");
        var look = new UiRig(80, 24, new UiLook { IsReadOnly = true });
        look.AddProcess(1, "web");
        look.List();
        look.Press("r", "S", "x", "y", ":", "|", "q");

        Assert.Equal(["restart", "stop", "kill"], rig.Done.OfType<Act>().Select(act => act.Verb));
        Assert.Equal([new Quit(IsInterrupt: false)], look.Done);
        Assert.DoesNotContain("restart", look.Screen, StringComparison.Ordinal);
    }

    [Fact]
    public void Copy_is_off_unless_asked_for_and_copies_harmless_text()
    {
        var off = Filled(3);
        off.Press("y");
        var on = new UiRig(80, 24, new UiLook { HasClipboard = true });
        on.AddProcess(1, "web");
        on.Print(1, "safe \e]52;c;AAAA\a\e[31mred");
        on.List();
        on.Press("y");

        Assert.Empty(off.Done);
        Assert.Contains("copying is off", off.Screen, StringComparison.Ordinal);
        Assert.Equal(new Copy("safe red"), Assert.Single(on.Done));
    }

    [Fact]
    public void The_palette_completes_and_runs_commands()
    {
        var look = new UiLook
        {
            Commands =
            [
                new("restart", "SEL…", "stop and start"),
                new("daemon restart", "", "another daemon"),
                new("list", "[SEL…]", "all"),
            ],
        };
        var rig = new UiRig(80, 24, look);
        rig.AddProcess(1, "web");
        rig.List();
        rig.Press(":");
        rig.Type("rst");
        var offers = rig.Screen;
        rig.Press("Enter");
        var completed = rig.Screen;
        rig.Press("Enter");

        Assert.Contains("daemon restart", offers, StringComparison.Ordinal);
        Assert.DoesNotContain("list [SEL", offers, StringComparison.Ordinal);
        Assert.Contains(": tspm restart default/web", completed, StringComparison.Ordinal);
        Assert.Equal(
            new RunOutside("restart default/web", null, IsOwn: true),
            Assert.Single(rig.Done)
        );
    }

    [Fact]
    public void A_process_that_is_made_again_begins_a_new_log_and_one_that_is_gone_leaves()
    {
        var rig = Filled(100);
        rig.AddProcess(2, "db");
        rig.List();
        rig.Press("j");
        rig.Send(new ListArrived([rig.State.Processes[0].View], 90_000));

        Assert.Equal(1u, rig.State.Selected);
        Assert.Contains("line 100", rig.Screen, StringComparison.Ordinal);
        rig.Send(new ListArrived([], 91_000));
        Assert.Contains("nothing here", rig.Screen, StringComparison.Ordinal);
    }

    [Fact]
    public void A_lost_connection_is_shown_and_the_view_goes_on_after_it()
    {
        var rig = Filled(100);
        rig.Send(new ConnectionMoved(IsUp: false, false));
        rig.Answers = false;
        rig.Print(1, 50, seq => $"line {seq}");
        var lost = rig.Screen;
        rig.Answers = true;
        rig.Send(new ConnectionMoved(IsUp: true, HasDaemonChanged: true));

        Assert.Contains("no daemon, retrying", lost, StringComparison.Ordinal);
        Assert.Contains("line 150", rig.Screen, StringComparison.Ordinal);
    }

    [Fact]
    public void A_page_that_fails_is_asked_for_again_with_the_next_list_not_at_once()
    {
        var rig = Filled(100);
        rig.Answers = false;
        rig.Print(1, 50, seq => $"line {seq}");
        var asked = rig.Asked;
        rig.Send(new PageFailed(rig.State.Generation, 1, "the disk is slow"));
        var afterFailure = rig.Asked;
        rig.Answers = true;
        rig.List();

        Assert.Equal(asked, afterFailure);
        Assert.Equal(asked + 1, rig.Asked);
        Assert.Contains("line 150", rig.Screen, StringComparison.Ordinal);
    }

    private static UiRig Filled(int lines)
    {
        var rig = new UiRig(100, 30);
        rig.AddProcess(1, "web");
        for (var i = 1; i <= lines; i++)
        {
            rig.Print(1, $"line {i}");
        }

        rig.List();
        return rig;
    }

    private static string Lines(UiRig rig) =>
        string.Join(
            '\n',
            // Without the edge, which tells how much there is.
            rig.Screen.Split('\n')
                .Where(row => row.Contains("line ", StringComparison.Ordinal))
                .Select(row => row[..^1])
        );
}
