using Tspm.Cli.CommandLine;
using Tspm.Cli.Commands;
using Tspm.Cli.Tests.Completion;
using Tspm.Protocol.Messages;

namespace Tspm.Cli.Tests.Commands;

/// <summary>What a slow operation says it waits for.</summary>
public sealed class ProgressTests
{
    [Fact]
    public void Each_process_has_its_row_with_its_own_limit()
    {
        var rows = Rows(new ProgressAim([]) { NeedsReady = true });
        ProcessView[] specs =
        [
            Some(1, "stopping") with
            {
                Stop = new StopSpec { TimeoutMs = 10_000 },
            },
            Some(2, "running") with
            {
                Ready = new ProbeSpec { Check = "notify", DeadlineMs = 60_000 },
            },
        ];

        var shown = Describe(
            rows,
            specs,
            4,
            Some(1, "stopping"),
            Some(2, "running") with
            {
                HasReady = true,
            },
            Some(3, "waiting") with
            {
                WaitsFor = "db:ready",
            },
            Some(4, "starting"),
            Some(5, "backoff") with
            {
                NextTrySeconds = 2.5,
            },
            Some(6, "running"),
            Some(7, "stopped")
        );

        Assert.Equal(
            [
                "stopping p1 … 4s of 10s, SIGTERM sent",
                "p2 runs and is not ready … 4s of 1m00s",
                "p3 waits for db:ready … 4s",
                "starting p4 … 4s",
                "p5 has ended, next try in 3s … 4s",
            ],
            shown
        );
    }

    [Fact]
    public void A_command_that_waits_shows_its_own_limit()
    {
        var aim = new ProgressAim([]) { NeedsReady = true, Limit = TimeSpan.FromSeconds(30) };
        var running = Some(1, "running") with { HasReady = true };

        Assert.Equal(["p1 runs and is not ready … 2s of 30s"], Describe(Rows(aim), [], 2, running));
        Assert.Empty(Describe(Rows(aim with { NeedsReady = false }), [], 2, running));
    }

    [Fact]
    public void Time_counts_from_the_begin_of_a_state_and_a_grace_that_is_over_is_told()
    {
        var rows = Rows(new ProgressAim([]) { StopTimeoutMs = 5_000 });
        ProcessView[] specs = [Some(1, "") with { Stop = new StopSpec { Command = ["bye"] } }];

        Describe(rows, specs, 1, Some(1, "running"));

        Assert.Equal(
            ["stopping p1 … 0s of 5s, its stop command was run"],
            Describe(rows, specs, 3, Some(1, "stopping"))
        );
        Assert.Equal(
            ["stopping p1 … 4s of 5s, its stop command was run"],
            Describe(rows, specs, 7, Some(1, "stopping"))
        );
        Assert.Equal(
            ["stopping p1 … 5s are over, SIGKILL sent"],
            Describe(rows, specs, 9, Some(1, "stopping"))
        );
    }

    [Fact]
    public void More_rows_than_the_terminal_has_end_in_their_number()
    {
        string[] rows = [.. Enumerable.Range(1, 30).Select(i => $"stopping p{i} … 4s of 10s")];

        var fitting = Progress.Fit(rows, 12, 6);

        Assert.Equal(
            ["stopping p…", "stopping p…", "stopping p…", "stopping p…", "… 26 more"],
            fitting
        );
        Assert.Equal(3, Progress.Fit(rows[..3], 80, 6).Count);
    }

    private static ProgressRows Rows(ProgressAim aim) =>
        new(
            CliContext.Of(
                new CommandParser(CommandTree.Commands, CommandTree.Global).Parse([
                    "list",
                    "--home",
                    "/nowhere",
                ])
            ),
            aim
        );

    private static IReadOnlyList<string> Describe(
        ProgressRows rows,
        ProcessView[] specs,
        double seconds,
        params ProcessView[] processes
    ) => rows.Describe(processes, specs.ToDictionary(one => one.Id), TimeSpan.FromSeconds(seconds));

    private static ProcessView Some(uint id, string status) =>
        SomeProcess.With($"p{id}", "default", 1, status, id) with
        {
            NextTrySeconds = null,
        };
}
