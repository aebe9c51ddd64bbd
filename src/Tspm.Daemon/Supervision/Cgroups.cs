using System.Globalization;

namespace Tspm.Daemon.Supervision;

/// <summary>One control group per run below the daemon's own, where the machine lets us: one write ends all of a run.</summary>
/// <remarks>
/// Login sessions rarely have a writable cgroup v2; then nothing is done here, and the tree is ended process by process.
/// A program that forks before it was put into its group leaves the child outside; that child is found by its other signs.
/// </remarks>
internal sealed class Cgroups
{
    private const string DefaultMount = "/sys/fs/cgroup";
    private readonly string? _root;

    private Cgroups(string? root) => _root = root;

    /// <summary>None: nothing is done.</summary>
    public static Cgroups None { get; } = new(null);

    /// <summary>True if runs have groups.</summary>
    public bool IsUsable => _root is not null;

    /// <summary>Finds the daemon's own group and sees whether groups can be made below it.</summary>
    public static Cgroups Find() =>
        File.Exists("/proc/self/cgroup")
            ? FindBelow(DefaultMount, File.ReadAllText("/proc/self/cgroup"))
            : None;

    /// <summary>The same over a given tree and what the kernel says of us: <c>0::/user.slice/…</c>.</summary>
    public static Cgroups FindBelow(string mount, string own)
    {
        var line = own.Split('\n')
            .FirstOrDefault(one => one.StartsWith("0::/", StringComparison.Ordinal));
        if (line is null)
        {
            return None;
        }

        var root = Path.Join(mount, line[3..].Trim());
        var trial = Path.Join(root, $"tspm-{Environment.ProcessId}");
        try
        {
            // cgroup.kill is there since Linux 5.14, and in every group but the root of all.
            if (!File.Exists(Path.Join(root, "cgroup.procs")))
            {
                return None;
            }

            Directory.CreateDirectory(trial);
            Directory.Delete(trial);
            return new Cgroups(root);
        }
        catch (IOException)
        {
            return None;
        }
        catch (UnauthorizedAccessException)
        {
            return None;
        }
    }

    /// <summary>Puts a leader into the group of its run.</summary>
    public void Add(Guid run, int pid) =>
        Try(
            run,
            group =>
            {
                Directory.CreateDirectory(group);
                File.WriteAllText(
                    Path.Join(group, "cgroup.procs"),
                    pid.ToString(CultureInfo.InvariantCulture)
                );
            }
        );

    /// <summary>Ends everything in the group of a run.</summary>
    public void Kill(Guid run) =>
        Try(
            run,
            group =>
            {
                if (Directory.Exists(group))
                {
                    File.WriteAllText(Path.Join(group, "cgroup.kill"), "1");
                }
            }
        );

    /// <summary>Removes the group of a run; one that still holds a process stays.</summary>
    public void Remove(Guid run) =>
        Try(
            run,
            group =>
            {
                if (Directory.Exists(group))
                {
                    Directory.Delete(group);
                }
            }
        );

    private void Try(Guid run, Action<string> action)
    {
        if (_root is null)
        {
            return;
        }

        try
        {
            action(Path.Join(_root, $"tspm-{run:N}"));
        }
        catch (IOException)
        {
            // The kernel refused (the program is gone, the group is in use): the tree is ended process by process.
        }
        catch (UnauthorizedAccessException)
        {
            // As above.
        }
    }
}
