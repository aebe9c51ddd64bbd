using Tspm.Daemon.Supervision;

namespace Tspm.Daemon.Tests;

/// <summary>What is alive of a run is found in the real process table.</summary>
public sealed class DescendantFinderTests
{
    // A background job of a shell has no standard input, so the pipe is passed on as descriptor 3.
    private const string Chain =
        "exec 3<&0; /bin/sh -c '/bin/sh -c \"echo \\$\\$; read x <&3; :\" & echo $$; wait' & wait";

    private const string Orphan = "exec 3<&0; /bin/sh -c 'echo $$; read x <&3; :' &";

    private const string OrphanWithPipe =
        "exec 3<&0; mkfifo \"$1\"; /bin/sh -c 'exec 4<>\"$1\"; echo $$; read x <&3; :' sh \"$1\" &";

    private static readonly Guid NoMark = new(1, 2, 3, [4, 5, 6, 7, 8, 9, 10, 11]);

    [Fact]
    public void Child_and_grandchild_are_found_by_the_chain_of_parents_and_the_leader_is_not_among_them()
    {
        using var tree = new ShellTree(Chain, printed: 2);

        var found = new DescendantFinder().Find(tree.Leader, tree.StartTime, NoMark, []);

        Assert.Equal(tree.Pids, Pids(found));
    }

    [Fact]
    public void A_leader_with_another_start_time_is_a_stranger_whose_children_are_not_ours()
    {
        using var tree = new ShellTree(Chain, printed: 2);

        var found = new DescendantFinder().Find(tree.Leader, tree.StartTime + 1, NoMark, []);

        Assert.Empty(found);
    }

    [Fact]
    public void Who_is_never_ours_is_left_out_though_the_chain_leads_to_it()
    {
        using var tree = new ShellTree(Chain, printed: 2);
        var finder = new DescendantFinder([.. tree.Pids]);

        var found = finder.Find(tree.Leader, tree.StartTime, NoMark, []);

        Assert.Empty(found);
    }

    [Fact]
    public void An_orphan_is_found_by_the_mark_in_its_environment()
    {
        var runId = new Guid(21, 2, 3, [4, 5, 6, 7, 8, 9, 10, 11]);
        using var tree = new ShellTree(Orphan, printed: 1, runId);
        tree.WaitForLeader();

        var found = new DescendantFinder().Find(tree.Leader, tree.StartTime, runId, []);

        Assert.Equal(tree.Pids, Pids(found));
    }

    [Fact]
    public void The_mark_of_another_run_does_not_make_an_orphan_ours()
    {
        var other = new Guid(22, 2, 3, [4, 5, 6, 7, 8, 9, 10, 11]);
        using var tree = new ShellTree(Orphan, printed: 1, other);
        tree.WaitForLeader();

        var found = new DescendantFinder().Find(tree.Leader, tree.StartTime, NoMark, []);

        Assert.Empty(found);
    }

    [Fact]
    public void An_orphan_without_a_mark_is_found_by_the_named_pipe_it_holds_open()
    {
        using var folder = new TempFolder();
        var pipe = folder["out"];
        using var tree = new ShellTree(OrphanWithPipe, printed: 1, argument: pipe);
        tree.WaitForLeader();

        var found = new DescendantFinder().Find(tree.Leader, tree.StartTime, NoMark, [pipe]);

        Assert.Equal(tree.Pids, Pids(found));
    }

    private static IEnumerable<int> Pids(IReadOnlyList<ProcFacts> found) =>
        found.Select(facts => facts.Pid).Order();

    [Fact]
    public async Task A_thousand_questions_at_once_share_looks_and_each_has_its_answer()
    {
        using var tree = new ShellTree(Chain, printed: 2);
        var finder = new DescendantFinder();

        var all = await Task.WhenAll(
            Enumerable
                .Range(0, 1_000)
                .Select(_ => finder.FindAsync(tree.Leader, tree.StartTime, NoMark, []))
        );

        Assert.All(all, found => Assert.Equal(tree.Pids, Pids(found)));
    }
}
