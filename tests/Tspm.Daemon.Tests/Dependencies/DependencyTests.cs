using CsCheck;
using Tspm.Daemon.Supervision;
using Tspm.Daemon.Supervision.Dependencies;
using Tspm.Protocol.Messages;

namespace Tspm.Daemon.Tests.Dependencies;

/// <summary>Who waits for whom, and until when.</summary>
public sealed class DependencyTests
{
    [Theory]
    [InlineData("started", "Running", true)]
    [InlineData("started", "Unhealthy", true)]
    [InlineData("started", "Starting", false)]
    [InlineData("started", "Exited", false)]
    [InlineData("ready", "Running", false)]
    [InlineData("ready", "Ready", true)]
    [InlineData("healthy", "Ready", false)]
    [InlineData("completed", "Exited", true)]
    [InlineData("completed", "Running", false)]
    [InlineData("completed", "Stopped", false)]
    public void A_condition_holds_in_these_states(string condition, string status, bool holds)
    {
        var db = new DependencyFacts("default", "db", null, Enum.Parse<ProcessStatus>(status))
        {
            HasReady = true,
            IsReady = status == "Ready",
            HasHealth = true,
            HasSucceeded = true,
        };

        var sight = DependencyBoard.Look(Needs("web", ("db", condition)), [db]);

        Assert.Null(sight.Fault);
        Assert.Equal(holds ? null : $"db ({condition})", sight.WaitsFor);
    }

    [Fact]
    public void Without_a_check_running_is_ready_and_healthy()
    {
        var db = new DependencyFacts("default", "db", null, ProcessStatus.Running);

        var sight = DependencyBoard.Look(Needs("web", ("db", "ready"), ("db", "healthy")), [db]);

        Assert.Equal(new DependencySight(null, null), sight);
    }

    [Fact]
    public void A_group_means_all_its_instances_and_what_was_given_up_is_waited_for_in_vain()
    {
        var first = new DependencyFacts("default", "db.0", "db", ProcessStatus.Running);
        var second = first with { Name = "db.1", Status = ProcessStatus.Backoff };
        var spec = Needs("web", ("db", "started"));

        Assert.Equal("db.1 (started)", DependencyBoard.Look(spec, [first, second]).WaitsFor);
        Assert.Equal(
            "depends on db.1, which was given up",
            DependencyBoard.Look(spec, [first, second with { Status = ProcessStatus.Failed }]).Fault
        );
        Assert.Equal(
            "depends on db, which is not known",
            DependencyBoard.Look(spec, [first with { Ns = "other" }]).Fault
        );
    }

    [Fact]
    public void A_job_that_failed_is_waited_for_in_vain()
    {
        var job = new DependencyFacts("default", "job", null, ProcessStatus.Exited);

        Assert.Equal(
            "depends on job, which did not end successfully",
            DependencyBoard.Look(Needs("web", ("job", "completed")), [job]).Fault
        );
    }

    [Fact]
    public void A_circle_is_found_and_printed()
    {
        ProcessSpec[] all =
        [
            Needs("a"),
            Needs("web", ("api", "ready")),
            Needs("api", ("db", "ready"), ("a", "started")),
            Needs("db", ("web", "started")),
        ];

        Assert.Equal("web → api → db → web", new DependencyGraph(all).FindCycle());
        Assert.Null(new DependencyGraph(all[..3]).FindCycle());
    }

    [Fact]
    public void A_circle_is_found_exactly_where_taking_away_what_needs_nobody_leaves_some() =>
        Gen.Int[0, 5]
            .Array[0, 3]
            .Array[1, 6]
            .Sample(needs =>
            {
                var specs = needs
                    .Select(
                        (of, at) =>
                            Needs(
                                $"p{at}",
                                [
                                    .. of.Where(to => to < needs.Length)
                                        .Select(to => ($"p{to}", "started")),
                                ]
                            )
                    )
                    .ToList();

                // The model takes away, again and again, whoever needs nobody that is left.
                var left = specs.ToList();
                while (
                    left.RemoveAll(spec =>
                        spec.DependsOn.All(one => left.All(other => other.Name != one.Name))
                    ) > 0
                )
                {
                    // All is in the condition.
                }

                Assert.Equal(left.Count > 0, new DependencyGraph(specs).FindCycle() is not null);
            });

    [Fact]
    public void Instances_differ_in_name_number_and_port_whatever_one_they_are_made_from()
    {
        var spec = Records.Spec("/bin/true") with
        {
            Env = ["PORT=3000"],
            Instance = new InstanceSpec { Group = "web", PortStep = 5 },
        };

        var third = Instances.Make(spec, 3);
        var fromThird = Instances.Make(third, 1);

        Assert.Equal("web.3", third.Name);
        Assert.Equal(["PORT=3015", "TSPM_INSTANCE=3"], third.Env);
        Assert.Equal("web.1", fromThird.Name);
        Assert.Equal(["PORT=3005", "TSPM_INSTANCE=1"], fromThird.Env);
    }

    private static ProcessSpec Needs(string name, params (string Name, string Condition)[] needs) =>
        Records.Spec("/bin/true") with
        {
            Name = name,
            DependsOn = [.. needs.Select(one => new DependencySpec(one.Name, one.Condition))],
        };
}
