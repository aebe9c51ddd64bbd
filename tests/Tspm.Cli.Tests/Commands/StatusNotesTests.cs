using Tspm.Cli.Commands;
using Tspm.Keeper;
using Tspm.Protocol.Messages;

namespace Tspm.Cli.Tests.Commands;

/// <summary>What status advises, what a shutdown shows, and when another program may take over.</summary>
public sealed class StatusNotesTests
{
    [Theory]
    [InlineData("a", "a", null)]
    [InlineData("b", "a", "the daemon is")]
    [InlineData("a", "b", "the keeper is")]
    [InlineData("b", "b", "daemon and keeper are")]
    public void Builds_that_differ_are_told_with_what_to_do(
        string daemon,
        string keeper,
        string? note
    )
    {
        var notes = StatusCommand.NotesOf(StatusOf(daemon, keeper), "a").ToList();

        Assert.Equal(note is null ? 0 : 1, notes.Count);
        Assert.All(notes, told => Assert.StartsWith(note!, told));
        Assert.All(notes, told => Assert.Contains("tspm daemon upgrade", told));
    }

    [Fact]
    public void A_stop_is_shown_against_its_limit()
    {
        StopTarget[] left =
        [
            new("", "web", 10_000, Stop: null),
            new("", "db", 60_000, new StopSpec { Signal = 2 }),
        ];

        Assert.Equal(
            ["stopping db … 4s of 1m00s, SIGINT sent", "stopping web … 4s of 10s"],
            StopProgress.RowsOf(left, TimeSpan.FromSeconds(4.9))
        );
        Assert.Equal(
            ["stopping web … 10s are over, SIGKILL sent"],
            StopProgress.RowsOf(left[..1], TimeSpan.FromSeconds(11))
        );
    }

    [Theory]
    [InlineData(1, 1, true)]
    [InlineData(1, 2, true)]
    [InlineData(2, 3, false)]
    [InlineData(0, 0, false)]
    public void A_program_takes_over_only_if_it_understands_what_is_there(
        int oldest,
        int newest,
        bool isGood
    )
    {
        var before = ReportOf(new FormatRange(1, 1));
        var next = ReportOf(new FormatRange(oldest, newest));

        var read = BuildReport.Parse(System.Text.Encoding.UTF8.GetBytes(next.ToJson()));

        Assert.NotNull(read);
        Assert.Equal(isGood, read.FindFault(before) is null);
        Assert.NotNull(
            new BuildReport("9", "b", new Dictionary<string, FormatRange>()).FindFault(before)
        );
    }

    [Theory]
    [InlineData("")]
    [InlineData("tspm 0.1.0")]
    [InlineData("[]")]
    [InlineData("{\"version\":1,\"build\":\"b\",\"formats\":{}}")]
    [InlineData("{\"version\":\"1\",\"build\":\"b\",\"formats\":{\"a\":[1]}}")]
    [InlineData("{\"version\":\"1\",\"build\":\"b\",\"formats\":{\"a\":[1,1.5]}}")]
    public void What_is_no_report_is_none(string text)
    {
        Assert.Null(BuildReport.Parse(System.Text.Encoding.UTF8.GetBytes(text)));
    }

    private static BuildReport ReportOf(FormatRange range) =>
        new("1", "b", new Dictionary<string, FormatRange> { ["journal"] = range });

    private static StatusReply StatusOf(string daemon, string keeper) =>
        new()
        {
            Pid = 1,
            KeeperPid = 2,
            Version = "1",
            Build = daemon,
            Protocol = 1,
            DaemonId = "d",
            Home = "/h",
            Socket = "/h/s",
            UptimeSeconds = 1,
            Processes = 0,
            Running = 0,
            Clients = 1,
            Subscriptions = 0,
            JournalPosition = 1,
            AllocatedBytes = 1,
            Keeper = new KeeperView { Build = keeper },
        };
}
