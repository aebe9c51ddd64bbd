using Tspm.Cli.Rendering;
using Tspm.Protocol.Messages;

namespace Tspm.Cli.Tests.Rendering;

/// <summary>A loop of crashes does not push everything else out of sight.</summary>
public sealed class CrashRowsTests
{
    private static readonly LogEvent Start = new() { What = LogEvents.RunStart };
    private static readonly LogEvent Crash = new() { What = LogEvents.RunExit, Next = "restart" };
    private static readonly LogEvent End = new() { What = LogEvents.RunExit, Next = "exited" };
    private readonly CrashRows _rows = new();

    [Fact]
    public void After_ten_one_a_minute_is_shown()
    {
        // One a second for three minutes.
        var shown = Enumerable
            .Range(0, 180)
            .Count(second => _rows.Take(1, second % 2 == 0 ? Start : Crash, Wall(second)));

        Assert.Equal(CrashRows.MostShown + 1 + 1, shown);
    }

    [Fact]
    public void What_is_no_loop_is_always_shown_and_processes_do_not_count_for_each_other()
    {
        for (var i = 0; i < 50; i++)
        {
            _rows.Take(1, Crash, Wall(i / 10));
        }

        Assert.False(_rows.Take(1, Start, Wall(6)));
        Assert.True(_rows.Take(1, End, Wall(6)));
        Assert.True(_rows.Take(2, Start, Wall(6)));
    }

    [Fact]
    public void After_a_quiet_minute_it_is_no_loop_any_more()
    {
        for (var i = 0; i < 50; i++)
        {
            _rows.Take(1, Crash, Wall(i / 10));
        }

        Assert.True(_rows.Take(1, Start, Wall(70)));
        Assert.False(_rows.Take(1, Crash, Wall(71)));
        Assert.True(_rows.Take(1, Start, Wall(140)));
        Assert.True(_rows.Take(1, Crash, Wall(141)));
    }

    [Fact]
    public void A_clock_that_is_set_back_hides_nothing_for_ever()
    {
        for (var i = 0; i < 50; i++)
        {
            _rows.Take(1, Crash, Wall(1_000_000));
        }

        Assert.True(_rows.Take(1, Crash, Wall(5)));
    }

    private static long Wall(long seconds) => seconds * TimeSpan.TicksPerSecond;
}
