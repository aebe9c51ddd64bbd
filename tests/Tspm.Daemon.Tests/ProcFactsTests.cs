using Tspm.Daemon.Supervision;

namespace Tspm.Daemon.Tests;

/// <summary>What /proc tells of a process.</summary>
public sealed class ProcFactsTests
{
    private const string Tail = " S 7 8 9 0 -1 4194304 1 2 3 4 50 60 0 0 20 0 1 0 12345 999 3 0";

    [Fact]
    public void The_own_process_has_its_pid_a_parent_memory_and_a_start()
    {
        var facts = ProcFacts.Read(Environment.ProcessId);

        Assert.NotNull(facts);
        Assert.Equal(Environment.ProcessId, facts.Value.Pid);
        Assert.True(facts.Value.ParentPid >= 0);
        Assert.True(facts.Value.ResidentBytes > 1024 * 1024);
        Assert.True(facts.Value.StartTime > 0);
        Assert.False(facts.Value.IsZombie);
    }

    [Fact]
    public void The_start_time_stays_the_same_since_it_is_half_of_an_identity()
    {
        var first = ProcFacts.Read(Environment.ProcessId);
        var second = ProcFacts.Read(Environment.ProcessId);

        Assert.Equal(first!.Value.StartTime, second!.Value.StartTime);
    }

    [Fact]
    public void The_own_process_is_among_all_pids_and_has_a_bounded_command_line()
    {
        var pids = ProcFacts.AllPids().ToList();
        var line = ProcFacts.ReadCommandLine(Environment.ProcessId);

        Assert.Contains(Environment.ProcessId, pids);
        Assert.Contains("Tspm.Daemon.Tests", line);
        Assert.InRange(line.Length, 1, 256);
        Assert.DoesNotContain('\0', line);
    }

    [Fact]
    public void A_pid_beyond_all_pids_has_no_facts_and_no_command_line()
    {
        Assert.Null(ProcFacts.Read(int.MaxValue));
        Assert.Equal("", ProcFacts.ReadCommandLine(int.MaxValue));
    }

    [Theory]
    [InlineData("42 (sh)")]
    [InlineData("42 (a b)")]
    [InlineData("42 (a) R 1 (b)")]
    [InlineData("42 ())))")]
    public void The_fields_are_read_after_the_last_bracket_whatever_the_name(string head)
    {
        var facts = ProcFacts.Parse(42, head + Tail);

        Assert.Equal(
            new ProcFacts(42, 7, 8, 'S', 110, 12345, 3L * Environment.SystemPageSize),
            facts
        );
    }

    [Theory]
    [InlineData("")]
    [InlineData("42 (sh")]
    [InlineData("42 (sh) S 7 8")]
    public void A_text_that_is_too_short_gives_nothing(string text)
    {
        Assert.Null(ProcFacts.Parse(42, text));
    }

    [Theory]
    [InlineData('Z', true)]
    [InlineData('X', true)]
    [InlineData('R', false)]
    [InlineData('D', false)]
    public void Who_only_waits_to_be_reaped_is_a_zombie(char state, bool expected)
    {
        var facts = new ProcFacts(1, 0, 1, state, 0, 1, 0);

        Assert.Equal(expected, facts.IsZombie);
    }
}
