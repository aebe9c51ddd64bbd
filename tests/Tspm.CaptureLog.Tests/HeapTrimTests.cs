namespace Tspm.CaptureLog.Tests;

/// <summary>When the garbage of a burst is given back, and that nobody is woken for it when there is none.</summary>
public sealed class HeapTrimTests
{
    private const long Second = 1_000_000_000;
    private long _allocated;
    private int _collections;

    [Fact]
    public void Who_is_idle_sleeps_for_ever()
    {
        var trim = Make();
        _allocated = HeapTrim.Worth - 1;

        Assert.Equal(long.MaxValue, trim.Turn(0));
        Assert.Equal(long.MaxValue, trim.Turn(1_000 * Second));
        Assert.Equal(0, _collections);
    }

    [Fact]
    public void A_burst_is_given_back_once_it_is_quiet_and_then_nobody_looks_again()
    {
        var trim = Make();
        _allocated = 20 * HeapTrim.Worth;

        var lookAt = trim.Turn(5 * Second);
        Assert.Equal(5 * Second + HeapTrim.LookAfter, lookAt);
        Assert.Equal(lookAt, trim.Turn(lookAt - 1));
        Assert.Equal(0, _collections);

        Assert.Equal(long.MaxValue, trim.Turn(lookAt));
        Assert.Equal(1, _collections);
        Assert.Equal(long.MaxValue, trim.Turn(lookAt + 100 * Second));
        Assert.Equal(1, _collections);
    }

    [Fact]
    public void While_it_goes_on_nothing_is_given_back()
    {
        var trim = Make();
        var lookAt = 0L;
        for (var round = 0; round < 10; round++)
        {
            _allocated += 2 * HeapTrim.Worth;
            lookAt = trim.Turn(lookAt);
        }

        Assert.Equal(0, _collections);
        Assert.Equal(long.MaxValue, trim.Turn(lookAt));
        Assert.Equal(1, _collections);
    }

    [Fact]
    public void Little_that_is_allocated_beside_does_not_put_it_off()
    {
        var trim = Make();
        _allocated = 2 * HeapTrim.Worth;
        var lookAt = trim.Turn(0);

        _allocated += HeapTrim.Quiet;

        Assert.Equal(long.MaxValue, trim.Turn(lookAt));
        Assert.Equal(1, _collections);
    }

    [Fact]
    public void The_next_burst_is_given_back_too()
    {
        var trim = Make();
        _allocated = 2 * HeapTrim.Worth;
        trim.Turn(trim.Turn(0));

        _allocated += HeapTrim.Worth;
        var lookAt = trim.Turn(100 * Second);

        Assert.Equal(100 * Second + HeapTrim.LookAfter, lookAt);
        Assert.Equal(long.MaxValue, trim.Turn(lookAt));
        Assert.Equal(2, _collections);
    }

    private HeapTrim Make() => new(() => _allocated, () => _collections++);
}
