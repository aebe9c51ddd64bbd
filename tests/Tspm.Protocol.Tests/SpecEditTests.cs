using Tspm.Protocol.Messages;
using Tspm.Protocol.Specs;

namespace Tspm.Protocol.Tests;

/// <summary>Settings by key and text, as start and set have them.</summary>
public sealed class SpecEditTests
{
    private static readonly ProcessSpec Plain = new()
    {
        Name = "web",
        Command = ["true"],
        Cwd = "/",
        Env = ["A=1", "AB=2"],
    };

    [Fact]
    public void Each_key_sets_its_own()
    {
        var spec = Apply(
            ("restart", "always"),
            ("max-restarts", "3"),
            ("restart-within", "1m"),
            ("restart-delay", "1.5s"),
            ("success-codes", "0,143"),
            ("stop-signal", "int,SIGTERM,9"),
            ("stop-timeout", "500ms"),
            ("stop-scope", "group"),
            ("ready", "tcp:localhost:80"),
            ("ready-interval", "50ms"),
            ("health", "notify"),
            ("health-action", "restart"),
            ("depends-on", "db:ready,cache"),
            ("env.A", "x=y"),
            ("label.tier", "front")
        );

        Assert.Equal(
            (3, 60_000, 1_500),
            (spec.Restart.MaxRestarts, spec.Restart.WithinMs, spec.Restart.PauseMs)
        );
        Assert.Equal([0, 143], spec.Restart.SuccessCodes);
        Assert.Equal([2, 15, 9], [spec.Stop.Signal, .. spec.Stop.MoreSignals]);
        Assert.Equal(("group", 500), (spec.Stop.Scope, spec.Stop.TimeoutMs));
        Assert.Equal(("tcp:localhost:80", 50), (spec.Ready?.Check, spec.Ready?.EveryMs));
        Assert.Equal(("notify", "restart"), (spec.Health?.Check, spec.Health?.Action));
        Assert.Equal(
            [new DependencySpec("db", "ready"), new DependencySpec("cache", "started")],
            spec.DependsOn
        );
        Assert.Equal(["AB=2", "A=x=y"], spec.Env);
        Assert.Equal(["tier=front"], spec.Labels);
    }

    [Fact]
    public void An_empty_text_takes_a_check_a_label_or_the_dependencies_away()
    {
        var spec = Apply(
            ("ready", "notify"),
            ("label.a", "b"),
            ("depends-on", "db"),
            ("ready", ""),
            ("label.a", ""),
            ("depends-on", "")
        );

        Assert.Null(spec.Ready);
        Assert.Empty(spec.Labels);
        Assert.Empty(spec.DependsOn);
    }

    [Fact]
    public void Watched_paths_are_seen_from_the_directory_and_schedule_and_stdin_can_be_taken_back()
    {
        var spec = Apply(
            ("watch", "src,/etc/app"),
            ("watch-ignore", "*.tmp, !keep.tmp"),
            ("watch-debounce", "1s"),
            ("watch-gitignore", "no"),
            ("schedule", "0 3 * * *"),
            ("schedule-action", "run"),
            ("schedule-missed", "skip"),
            ("schedule-zone", "Europe/Berlin"),
            ("stdin", "yes")
        );

        Assert.Equal([Path.GetFullPath("src", spec.Cwd), "/etc/app"], spec.Watch!.Paths);
        Assert.Equal(["*.tmp", "!keep.tmp"], spec.Watch.Ignore);
        Assert.Equal((1000, false), (spec.Watch.DebounceMs, spec.Watch.GitIgnore));
        Assert.Null(spec.Watch.FindFault());
        Assert.Equal(
            new ScheduleSpec
            {
                Cron = "0 3 * * *",
                Action = "run",
                Missed = "skip",
                Zone = "Europe/Berlin",
            },
            spec.Schedule
        );
        Assert.True(spec.Stdin);

        var back = Apply(("watch", "src"), ("watch", ""), ("schedule", "@daily"), ("schedule", ""));
        Assert.Null(back.Watch);
        Assert.Null(back.Schedule);
    }

    [Theory]
    [InlineData("restart", "sometimes", "not one of always, on-failure, never, unless-stopped")]
    [InlineData("max-restarts", "-1", "from 0 to 1000000")]
    [InlineData("stop-signal", "TERM,FOO", "\"FOO\" is not a signal")]
    [InlineData("stop-timeout", "soon", "not a duration")]
    [InlineData("success-codes", "0,256", "from 0 to 255")]
    [InlineData("backoff-factor", "0.5", "from 1 to 100")]
    [InlineData("health-action", "restart", "set health first")]
    [InlineData("depends-on", "db:soon", "not one of started, ready, healthy, completed")]
    [InlineData("watch-ignore", "*.tmp", "set watch first")]
    [InlineData("schedule-action", "walk", "not one of restart, run")]
    [InlineData("schedule-missed", "run", "set schedule first")]
    [InlineData("stdin", "maybe", "not one of yes, no")]
    [InlineData("cwd", "x", "not an absolute directory")]
    [InlineData("restrt", "x", "did you mean restart?")]
    public void What_is_wrong_is_said_with_value_and_range(string key, string text, string expected)
    {
        var spec = Plain;

        var fault = SpecEdit.TryApply(ref spec, key, text);

        Assert.Contains(expected, fault, StringComparison.Ordinal);
        Assert.Same(Plain, spec);
    }

    [Fact]
    public void What_is_hidden_is_replaced_added_to_and_ended()
    {
        var two = Apply(
            ("redact", "a"),
            ("redact", "b=1,2"),
            ("redact+", "c+"),
            ("secrets", "A, B")
        );

        Assert.Equal(["b=1,2", "c+"], two.Redact);
        Assert.Equal(["A", "B"], two.Secrets);
        Assert.Empty(Apply(("redact", "a"), ("redact", "")).Redact);
        Assert.All(
            ["redact", "redact+", "secrets"],
            key => Assert.True(SpecEdit.HoldsAtOnce(key), key)
        );
    }

    private static ProcessSpec Apply(params (string Key, string Text)[] changes)
    {
        var spec = Plain;
        foreach (var (key, text) in changes)
        {
            Assert.Null(SpecEdit.TryApply(ref spec, key, text));
        }

        return spec;
    }
}
