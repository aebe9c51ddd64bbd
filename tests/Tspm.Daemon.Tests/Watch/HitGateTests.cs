using Microsoft.Extensions.Time.Testing;
using Tspm.Daemon.Watch;

namespace Tspm.Daemon.Tests.Watch;

/// <summary>Many changes are one restart, and a loop is broken.</summary>
public sealed class HitGateTests
{
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(300);
    private readonly FakeTimeProvider _time = new();
    private readonly List<WatchHits> _through = [];

    [Fact]
    public void Changes_that_come_together_are_one()
    {
        using var gate = NewGate();

        gate.Hit("/a");
        _time.Advance(Pause / 2);
        gate.Hit("/b");
        _time.Advance(Pause / 2);
        Assert.Empty(_through);
        _time.Advance(Pause / 2);

        Assert.Equal([new WatchHits("/a", 2, false)], _through);
    }

    [Fact]
    public void A_stream_of_changes_that_does_not_end_is_let_through()
    {
        using var gate = NewGate();

        for (var i = 0; i < 25; i++)
        {
            gate.Hit("/a");
            _time.Advance(Pause / 2);
        }

        Assert.Single(_through);
    }

    [Fact]
    public void Too_many_restarts_are_told_once_and_then_waited_for()
    {
        using var gate = NewGate();

        for (var i = 0; i < HitGate.MostRestarts + 1; i++)
        {
            gate.Hit($"/{i}");
            _time.Advance(Pause);
        }

        Assert.Equal(HitGate.MostRestarts + 1, _through.Count);
        Assert.True(_through[^1].IsLoop);

        gate.Hit("/more");
        _time.Advance(Pause * 2);
        Assert.Equal(HitGate.MostRestarts + 1, _through.Count);

        _time.Advance(HitGate.Window);
        Assert.Equal(new WatchHits("/10", 2, false), _through[^1]);
    }

    [Fact]
    public void Nothing_comes_after_the_end()
    {
        var gate = NewGate();
        gate.Hit("/a");

        gate.Dispose();
        _time.Advance(Pause * 20);

        Assert.Empty(_through);
    }

    private HitGate NewGate() => new(_time, Pause, _through.Add);
}
