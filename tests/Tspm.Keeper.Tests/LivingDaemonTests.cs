using System.Text;
using Tspm.CaptureLog;
using Tspm.Keeper.Control;

namespace Tspm.Keeper.Tests;

/// <summary>Who holds the daemon's lock is signalled only if it is a daemon.</summary>
public sealed class LivingDaemonTests
{
    [Theory]
    [InlineData("/usr/bin/tspm|daemon|run|--home|/home/a|", true)]
    [InlineData("dotnet|tspm.dll|daemon|run|--home|/home/a|--resurrect|", true)]
    [InlineData("/usr/bin/tspm|daemon|restart|", false)]
    [InlineData("flock|daemon.lock|sleep|1000|", false)]
    [InlineData("daemon|run|", false)]
    [InlineData("", false)]
    public void A_command_line_tells_whether_it_is_a_daemon(string command, bool isDaemon) =>
        Assert.Equal(
            isDaemon,
            LivingDaemon.IsDaemon(Encoding.UTF8.GetBytes(command.Replace('|', '\0')))
        );

    [Fact]
    public void A_stranger_that_holds_the_lock_is_told_and_is_no_daemon()
    {
        var root = Directory.CreateTempSubdirectory("tspm-living-");
        try
        {
            var home = new HomePaths(root.FullName, Path.Join(root.FullName, "m"));
            Directory.CreateDirectory(Path.GetDirectoryName(home.DaemonLock)!);

            // We hold it, and we are none.
            using var held = new FileStream(
                home.DaemonLock,
                FileMode.Create,
                FileAccess.ReadWrite,
                FileShare.None
            );

            Assert.Equal(0, LivingDaemon.Find(home, out var stranger));
            Assert.Equal(Environment.ProcessId, stranger);
        }
        finally
        {
            root.Delete(recursive: true);
        }
    }
}
