using Tspm.Daemon.Supervision;

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
