using Tspm.Daemon.Supervision;
using Tspm.Protocol.Messages;

namespace Tspm.Daemon.Tests;

/// <summary>Control groups, on a fake tree: few machines let a user make real ones.</summary>
public sealed class CgroupsTests
{
    private static readonly Guid Run = new("01a2198d-aca7-7aa9-92f9-b966f7a13d2e");

    [Fact]
    public void A_run_has_a_group_below_ours_that_is_killed_by_one_write()
    {
        using var mount = new TempFolder();
        var own = Directory.CreateDirectory(Path.Join(mount["."], "user.slice"));
        File.WriteAllText(Path.Join(own.FullName, "cgroup.procs"), "");
        var groups = Cgroups.FindBelow(mount["."], "1:x:/y\n0::/user.slice\n");
        var group = Path.Join(own.FullName, $"tspm-{Run:N}");

        groups.Add(Run, 4711);
        groups.Kill(Run);

        Assert.True(groups.IsUsable);
        Assert.Equal("4711", File.ReadAllText(Path.Join(group, "cgroup.procs")));
        Assert.Equal("1", File.ReadAllText(Path.Join(group, "cgroup.kill")));
    }

    [Fact]
    public void Limits_are_in_the_group_before_the_run_is()
    {
        using var mount = new TempFolder();
        var own = Directory.CreateDirectory(Path.Join(mount["."], "user.slice")).FullName;
        File.WriteAllText(Path.Join(own, "cgroup.procs"), "");
        File.WriteAllText(Path.Join(own, "cgroup.controllers"), "cpu memory pids\n");
        var groups = Cgroups.FindBelow(mount["."], "0::/user.slice\n");
        var limits = new LimitSpec
        {
            CgroupMemoryBytes = 1 << 29,
            CgroupCpuPercent = 150,
            CgroupPrograms = 20,
        };

        Assert.Null(groups.Limit(Run, limits, new HashSet<int>()));

        string Read(string file) => File.ReadAllText(Path.Join(groups.PathOf(Run), file));
        Assert.Equal(
            "+memory +cpu +pids",
            File.ReadAllText(Path.Join(own, "cgroup.subtree_control"))
        );
        Assert.Equal("536870912", Read("memory.max"));
        Assert.Equal("150000 100000", Read("cpu.max"));
        Assert.Equal("20", Read("pids.max"));
    }

    [Fact]
    public void A_limit_that_cannot_be_kept_says_why()
    {
        using var mount = new TempFolder();
        var own = Directory.CreateDirectory(Path.Join(mount["."], "user.slice")).FullName;
        File.WriteAllText(Path.Join(own, "cgroup.procs"), "4711\n");
        File.WriteAllText(Path.Join(own, "cgroup.controllers"), "cpu pids\n");
        var groups = Cgroups.FindBelow(mount["."], "0::/user.slice\n");

        var noController = groups.Limit(
            Run,
            new LimitSpec { CgroupMemoryBytes = 1 << 29 },
            new HashSet<int>()
        );
        var nothing = Cgroups.None.Limit(
            Run,
            new LimitSpec { CgroupPrograms = 2 },
            new HashSet<int>()
        );
        // A folder in its place cannot be written, as a busy group cannot.
        Directory.CreateDirectory(Path.Join(own, "cgroup.subtree_control"));
        var stranger = groups.Limit(
            Run,
            new LimitSpec { CgroupPrograms = 2 },
            new HashSet<int> { 1 }
        );

        Assert.EndsWith("has no controller \"memory\"", noController);
        Assert.Equal("there is no cgroup v2 here that tspm may write to", nothing);
        Assert.Contains("holds another program (pid 4711)", stranger);
        Assert.False(Directory.Exists(groups.PathOf(Run)));
    }

    [Theory]
    [InlineData("0::/nowhere\n")]
    [InlineData("12:cpu:/v1\n")]
    [InlineData("")]
    public void Without_a_group_that_can_be_written_nothing_is_done(string own)
    {
        using var mount = new TempFolder();

        var groups = Cgroups.FindBelow(mount["."], own);
        groups.Add(Run, 1);
        groups.Kill(Run);
        groups.Remove(Run);

        Assert.False(groups.IsUsable);
        Assert.Empty(Directory.EnumerateFileSystemEntries(mount["."]));
    }
}
