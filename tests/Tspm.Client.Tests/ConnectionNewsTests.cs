using Tspm.Client.Following;
using Tspm.Protocol.Messages;

namespace Tspm.Client.Tests;

/// <summary>Several logs of one connection: one row for its loss, one for its return, and that one says the truth about all.</summary>
public sealed class ConnectionNewsTests
{
    private readonly ConnectionNews _news = new();

    [Fact]
    public void Loss_and_return_of_three_logs_are_one_row_each()
    {
        var told = Pass(
            Lost(1, 1),
            Lost(2, 1),
            Back(1, 2),
            Lost(3, 1),
            Back(3, 2),
            Back(2, 2, missesSome: true)
        );

        Assert.Equal(["lost", "back, misses some"], told);
    }

    [Fact]
    public void A_log_that_ends_meanwhile_is_not_waited_for()
    {
        var told = Pass(Lost(1, 1), Lost(2, 1), Back(1, 2), new LogEnded(Log(2), "deleted"));

        Assert.Equal(["lost", "LogEnded", "back"], told);
    }

    [Fact]
    public void Each_loss_is_told_though_the_one_before_was_not_over()
    {
        var told = Pass(
            Lost(1, 1),
            Lost(2, 1),
            Back(1, 2),
            Lost(1, 2),
            Lost(2, 2),
            Back(1, 3),
            Back(2, 3)
        );

        Assert.Equal(["lost", "lost", "back"], told);
    }

    private List<string> Pass(params LogFollowEvent[] events) =>
        [
            .. events
                .SelectMany(_news.Pass)
                .Select(told =>
                    told switch
                    {
                        ConnectionChanged { IsUp: false } => "lost",
                        ConnectionChanged { MissesSome: true } => "back, misses some",
                        ConnectionChanged => "back",
                        _ => told.GetType().Name,
                    }
                ),
        ];

    private static ConnectionChanged Lost(uint log, long connection) =>
        new(isUp: false, hasDaemonChanged: false, "closed", connection) { Log = Log(log) };

    private static ConnectionChanged Back(uint log, long connection, bool missesSome = false) =>
        new(isUp: true, hasDaemonChanged: false, "", connection, missesSome) { Log = Log(log) };

    private static LogTarget Log(uint id) =>
        new(id, $"p{id}", "default", Guid.NewGuid().ToString(), $"logs.{id}", 1, 0);
}
