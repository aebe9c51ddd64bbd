using Tspm.Cli.Health;

namespace Tspm.Cli.Tests.Health;

/// <summary>What doctor says of machines.</summary>
public sealed class MachineChecksTests
{
    private const string Mounts = """
        22 1 8:1 / / rw - ext4 /dev/sda1 rw
        23 22 0:40 / /home rw - nfs4 server:/home rw
        24 22 0:41 / /tmp rw - tmpfs tmpfs rw
        25 22 8:2 / /home/local rw - xfs /dev/sdb rw
        """;

    [Theory]
    [InlineData("/home/me/.local/state/tspm", nameof(HealthVerdict.Fault))]
    [InlineData("/home/local/tspm", nameof(HealthVerdict.Ok))]
    [InlineData("/tmp/x", nameof(HealthVerdict.Warning))]
    [InlineData("/tmpfoo", nameof(HealthVerdict.Ok))]
    public void The_file_system_of_a_home_is_judged(string home, string verdict)
    {
        var check = MachineChecks.FileSystem(Mounts, home);

        Assert.Equal(verdict, check.Verdict.ToString());
        Assert.Equal(check.Verdict == HealthVerdict.Ok, check.Remedy is null);
    }

    [Theory]
    [InlineData("6.1.0-13-amd64", nameof(HealthVerdict.Ok))]
    [InlineData("4.19.0", nameof(HealthVerdict.Warning))]
    [InlineData("what?", nameof(HealthVerdict.Ok))]
    public void The_kernel_is_judged(string release, string verdict) =>
        Assert.Equal(verdict, MachineChecks.Kernel(release).Verdict.ToString());

    [Theory]
    [InlineData(64, nameof(HealthVerdict.Fault))]
    [InlineData(512, nameof(HealthVerdict.Warning))]
    [InlineData(4096, nameof(HealthVerdict.Ok))]
    public void The_limit_of_files_is_judged(ulong limit, string verdict) =>
        Assert.Equal(verdict, MachineChecks.OpenFiles(limit).Verdict.ToString());

    [Fact]
    public void A_login_session_without_lingering_is_a_risk() =>
        Assert.Equal(
            HealthVerdict.Warning,
            MachineChecks
                .Session("0::/user.slice/user-1000.slice/session-3.scope\n", true, "nobody-here")
                .Verdict
        );
}
