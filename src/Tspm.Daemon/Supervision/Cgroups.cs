using System.Globalization;
using Tspm.Daemon.Resources;
using Tspm.Protocol.Messages;

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

    /// <summary>The group of a run.</summary>
    public string PathOf(Guid run) => Path.Join(_root, $"tspm-{run:N}");

    /// <summary>Makes the group of a run with limits, before the run is there.</summary>
    /// <param name="run">The run.</param>
    /// <param name="limits">Its limits.</param>
    /// <param name="own">Keeper and daemon: they make room, since a group with limits below it may hold no program itself.</param>
    /// <returns>Null, or why that cannot be.</returns>
    public string? Limit(Guid run, LimitSpec limits, IReadOnlySet<int> own)
    {
        if (_root is null)
        {
            return "there is no cgroup v2 here that tspm may write to";
        }

        var settings = GroupLimits.Of(limits);
        try
        {
            var has = File.ReadAllText(Path.Join(_root, "cgroup.controllers")).Split(' ', '\n');
            if (settings.FirstOrDefault(one => !has.Contains(one.Controller)) is { } missing)
            {
                return $"the group {_root} has no controller \"{missing.Controller}\"";
            }

            if (Enable(_root, [.. settings.Select(one => $"+{one.Controller}")], own) is { } fault)
            {
                return fault;
            }

            var group = PathOf(run);
            Directory.CreateDirectory(group);
            foreach (var one in settings)
            {
                File.WriteAllText(Path.Join(group, one.File), one.Text);
            }

            return null;
        }
        catch (IOException error)
        {
            return error.Message;
        }
        catch (UnauthorizedAccessException error)
        {
            return error.Message;
        }
    }

    /// <summary>The groups below have the controllers.</summary>
    private static string? Enable(string root, string[] controllers, IReadOnlySet<int> own)
    {
        var place = Path.Join(root, "cgroup.subtree_control");
        var text = string.Join(' ', controllers);
        try
        {
            File.WriteAllText(place, text);
            return null;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            // EBUSY: programs are in it. Ours can go one down; others are not ours to move. Anything else fails again.
        }

        var inside = File.ReadAllLines(Path.Join(root, "cgroup.procs"));
        var stranger = inside.FirstOrDefault(pid =>
            !int.TryParse(pid, NumberStyles.None, CultureInfo.InvariantCulture, out var number)
            || !own.Contains(number)
        );
        if (stranger is not null)
        {
            return $"the group {root} holds another program (pid {stranger}); a unit with Delegate=yes has one of its own";
        }

        var below = Path.Join(root, "tspm-self");
        Directory.CreateDirectory(below);
        foreach (var pid in inside)
        {
            File.WriteAllText(Path.Join(below, "cgroup.procs"), pid);
        }

        File.WriteAllText(place, text);
        return null;
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
            action(PathOf(run));
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
