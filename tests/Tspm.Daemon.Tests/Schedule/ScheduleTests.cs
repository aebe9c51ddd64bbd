using System.Globalization;
using Tspm.Daemon.Schedule;
using Tspm.Protocol.Messages;

namespace Tspm.Daemon.Tests.Schedule;

/// <summary>When a schedule is due: daylight saving by a table, and clocks that jump.</summary>
public sealed class ScheduleTests
{
    private static readonly TimeZoneInfo Berlin = TimeZoneInfo.FindSystemTimeZoneById(
        "Europe/Berlin"
    );

    // In 2027 Berlin's clocks go from 02:00 to 03:00 on 28 March and from 03:00 to 02:00 on 31 October.
    [Theory]
    [InlineData(
        "30 2 * * *",
        "2027-03-27T12:00+01:00",
        "2027-03-28T03:00+02:00 2027-03-29T02:30+02:00"
    )]
    [InlineData(
        "0 3 * * *",
        "2027-03-27T12:00+01:00",
        "2027-03-28T03:00+02:00 2027-03-29T03:00+02:00"
    )]
    [InlineData(
        "30 2 * * *",
        "2027-10-30T12:00+02:00",
        "2027-10-31T02:30+02:00 2027-11-01T02:30+01:00"
    )]
    [InlineData(
        "*/30 * * * *",
        "2027-10-31T01:45+02:00",
        "2027-10-31T02:00+02:00 2027-10-31T02:30+02:00 2027-10-31T02:00+01:00 2027-10-31T02:30+01:00 2027-10-31T03:00+01:00"
    )]
    [InlineData(
        "*/30 * * * *",
        "2027-03-28T01:15+01:00",
        "2027-03-28T01:30+01:00 2027-03-28T03:00+02:00 2027-03-28T03:30+02:00"
    )]
    [InlineData(
        "@daily",
        "2027-03-27T12:00+01:00",
        "2027-03-28T00:00+01:00 2027-03-29T00:00+02:00"
    )]
    public void Daylight_saving_neither_loses_a_day_nor_runs_twice(
        string cron,
        string from,
        string wanted
    )
    {
        var times = Read(cron, Berlin);
        var at = Time(from);
        foreach (var next in wanted.Split(' '))
        {
            var found = times.After(at);

            Assert.Equal(Time(next), found);
            at = found!.Value;
        }
    }

    [Fact]
    public void A_time_is_due_once()
    {
        var times = Read("0 3 * * *", TimeZoneInfo.Utc);
        var clock = ScheduleClock.Begin(times, Time("2027-01-01T00:00Z"));

        (clock, var early) = clock.Look(times, Time("2027-01-01T02:59:59Z"));
        (clock, var due) = clock.Look(times, Time("2027-01-01T03:00Z"));
        (clock, var again) = clock.Look(times, Time("2027-01-01T03:00:30Z"));

        Assert.Null(early);
        Assert.Equal(new DueTime(Time("2027-01-01T03:00Z"), false), due);
        Assert.Null(again);
        Assert.Equal(Time("2027-01-02T03:00Z"), clock.Next);
    }

    [Fact]
    public void A_machine_that_slept_over_a_week_has_missed_one_time_not_seven()
    {
        var times = Read("0 3 * * *", TimeZoneInfo.Utc);
        var clock = ScheduleClock.Begin(times, Time("2027-01-01T00:00Z"));

        (clock, var due) = clock.Look(times, Time("2027-01-08T12:00Z"));
        (_, var more) = clock.Look(times, Time("2027-01-08T12:00:30Z"));

        Assert.Equal(new DueTime(Time("2027-01-01T03:00Z"), true), due);
        Assert.Null(more);
    }

    [Fact]
    public void A_clock_that_is_set_back_a_little_brings_no_time_again_and_a_wrong_year_is_forgotten()
    {
        var times = Read("0 3 * * *", TimeZoneInfo.Utc);
        var clock = ScheduleClock.Begin(times, Time("2027-01-01T00:00Z"));
        (clock, _) = clock.Look(times, Time("2027-01-01T03:00Z"));

        (clock, _) = clock.Look(times, Time("2027-01-01T01:30Z"));
        (clock, var again) = clock.Look(times, Time("2027-01-01T03:00:10Z"));
        Assert.Null(again);

        (clock, _) = clock.Look(times, Time("2026-05-05T00:00Z"));
        Assert.Equal(Time("2026-05-05T03:00Z"), clock.Next);
    }

    [Theory]
    [InlineData("61 * * * *", null, "not a cron expression")]
    [InlineData("0 3 * *", null, "not a cron expression")]
    [InlineData("", null, "not a cron expression")]
    [InlineData("0 3 * * *", "Mars/Olympus", "not a time zone")]
    public void A_wrong_schedule_is_named(string cron, string? zone, string wanted)
    {
        var fault = CronTimes.TryRead(
            new ScheduleSpec { Cron = cron, Zone = zone },
            TimeZoneInfo.Utc,
            out _
        );

        Assert.Contains(wanted, fault, StringComparison.Ordinal);
    }

    [Fact]
    public void Five_hundred_random_schedules_are_due_as_often_as_a_naive_walk_over_the_minutes_says()
    {
        var random = new Random(11);
        for (var i = 0; i < 500; i++)
        {
            var (minute, hour) = (random.Next(60), random.Next(24));
            var times = Read($"{minute} {hour} * * *", TimeZoneInfo.Utc);
            var begin = Time("2027-02-27T00:00Z").AddMinutes(random.Next(1440));
            var clock = ScheduleClock.Begin(times, begin);
            var dues = 0;
            var naive = 0;
            for (var now = begin; now < begin.AddDays(3); now = now.AddSeconds(20))
            {
                (clock, var due) = clock.Look(times, now);
                dues += due is null ? 0 : 1;
                naive +=
                    now > begin && now.Second == 0 && now.Minute == minute && now.Hour == hour
                        ? 1
                        : 0;
            }

            Assert.Equal(naive, dues);
        }
    }

    private static CronTimes Read(string cron, TimeZoneInfo zone)
    {
        Assert.Null(CronTimes.TryRead(new ScheduleSpec { Cron = cron }, zone, out var times));
        return times!;
    }

    private static DateTimeOffset Time(string text) =>
        DateTimeOffset.Parse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal);
}
