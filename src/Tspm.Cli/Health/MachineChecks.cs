using System.Globalization;
using Tspm.CaptureLog;
using Tspm.Cli.Launch;
using Tspm.Cli.Rendering;

namespace Tspm.Cli.Health;

/// <summary>Looks at the machine: kernel, limits, session, file system, disk, clock.</summary>
internal static class MachineChecks
{
    private const ulong FewFiles = 1024;
    private const ulong VeryFewFiles = 256;
    private const long LittleDisk = 1L << 30;
    private const long HardlyDisk = 64L << 20;
    private static readonly Version NeededKernel = new(5, 11);
    private static readonly string[] Remote =
    [
        "nfs",
        "nfs4",
        "cifs",
        "smb3",
        "9p",
        "fuse.sshfs",
        "ceph",
        "glusterfs",
    ];
    private static readonly string[] Fleeting = ["tmpfs", "ramfs"];

    /// <summary>All of them.</summary>
    public static IEnumerable<HealthCheck> All(HomePaths home, TimeProvider time)
    {
        yield return Kernel(File.ReadAllText("/proc/sys/kernel/osrelease").Trim());
        yield return OpenFiles(LibC.ReadOpenFiles());
        yield return Session(
            File.ReadAllText("/proc/self/cgroup"),
            Directory.Exists("/run/systemd/system"),
            Environment.UserName
        );
        yield return Groups(
            File.Exists("/sys/fs/cgroup/cgroup.controllers"),
            File.ReadAllText("/proc/self/cgroup")
        );
        yield return FileSystem(File.ReadAllText("/proc/self/mountinfo"), home.Root);
        yield return Disk(home.Root);
        yield return Clock(time.GetUtcNow(), Environment.ProcessPath);
    }

    /// <summary>Close_range, pidfd and splice as the keeper uses them.</summary>
    public static HealthCheck Kernel(string release)
    {
        var digits = release
            .TakeWhile(letter => char.IsAsciiDigit(letter) || letter == '.')
            .ToArray();
        var isKnown = Version.TryParse(new string(digits).TrimEnd('.'), out var version);
        return isKnown && version < NeededKernel
            ? new(
                "kernel",
                HealthVerdict.Warning,
                $"{release}; tried with {NeededKernel} and later",
                "a newer kernel"
            )
            : HealthCheck.Ok("kernel", release);
    }

    /// <summary>Each program takes a few descriptors of the keeper and the daemon.</summary>
    public static HealthCheck OpenFiles(ulong limit) =>
        limit < FewFiles
            ? new(
                "open files",
                limit < VeryFewFiles ? HealthVerdict.Fault : HealthVerdict.Warning,
                $"limit {limit}",
                "ulimit -n 4096 before the daemon is started (tspm shutdown; tspm daemon start)"
            )
            : HealthCheck.Ok("open files", $"limit {limit}");

    /// <summary>Limits by control group need one that tspm may write to; everything else works without.</summary>
    public static HealthCheck Groups(bool isUnified, string cgroup)
    {
        const string without = "limits cgroup-memory, cgroup-cpu and cgroup-pids are not kept";
        var line = cgroup
            .Split('\n')
            .FirstOrDefault(one => one.StartsWith("0::/", StringComparison.Ordinal));
        if (!isUnified || line is null)
        {
            return HealthCheck.Ok("cgroup", $"no cgroup v2: {without}");
        }

        return HealthCheck.Ok(
            "cgroup",
            $"v2, {line[3..].Trim()}; where tspm may not make groups below its own (Delegate=yes in its unit), {without}"
        );
    }

    /// <summary>With systemd, what a login session started may end with it.</summary>
    public static HealthCheck Session(string cgroup, bool hasSystemd, string user)
    {
        var own = cgroup.Split('\n', StringSplitOptions.RemoveEmptyEntries).LastOrDefault() ?? "";
        var isSession =
            own.Contains("/session-", StringComparison.Ordinal)
            && own.Contains(".scope", StringComparison.Ordinal);
        var lingers = File.Exists($"/var/lib/systemd/linger/{user}");
        return hasSystemd && isSession && !lingers
            ? new(
                "session",
                HealthVerdict.Warning,
                "a login session, and this user does not linger: systemd may end the programs at logout",
                "loginctl enable-linger"
            )
            : HealthCheck.Ok(
                "session",
                lingers ? "this user lingers"
                    : hasSystemd ? "no login session"
                    : "no systemd"
            );
    }

    /// <summary>Locks and shared pages need a local file system; what must outlive a boot needs a disk.</summary>
    public static HealthCheck FileSystem(string mountinfo, string path)
    {
        var (kind, at) = MountOf(mountinfo, path);
        return Remote.Contains(kind)
                ? new(
                    "file system",
                    HealthVerdict.Fault,
                    $"{kind} at {at}: locks and shared pages do not hold there",
                    "a home on a local disk: TSPM_HOME=/var/tmp/tspm-$USER"
                )
            : Fleeting.Contains(kind)
                ? new(
                    "file system",
                    HealthVerdict.Warning,
                    $"{kind} at {at}: logs end with the machine",
                    "a home on a disk"
                )
            : HealthCheck.Ok("file system", $"{kind} at {at}");
    }

    private static (string Kind, string At) MountOf(string mountinfo, string path)
    {
        var best = (Kind: "unknown", At: "");
        foreach (var line in mountinfo.Split('\n'))
        {
            // 36 35 98:0 /root /mount options - ext4 /dev/sda1 rw
            var words = line.Split(' ');
            var dash = Array.IndexOf(words, "-");
            if (dash < 5 || dash + 1 >= words.Length)
            {
                continue;
            }

            var at = words[4].Replace("\\040", " ", StringComparison.Ordinal);
            var isAbove =
                at == "/" || path == at || path.StartsWith(at + "/", StringComparison.Ordinal);
            if (isAbove && at.Length >= best.At.Length)
            {
                best = (words[dash + 1], at);
            }
        }

        return best;
    }

    private static HealthCheck Disk(string path)
    {
        while (!Directory.Exists(path) && Path.GetDirectoryName(path) is { } above)
        {
            path = above;
        }

        var free = new DriveInfo(path).AvailableFreeSpace;
        return free < LittleDisk
            ? new(
                "disk",
                free < HardlyDisk ? HealthVerdict.Fault : HealthVerdict.Warning,
                $"{ByteSizes.Format(free)} free at {path}",
                "make room: logs of deleted processes (tspm delete), other files"
            )
            : HealthCheck.Ok("disk", $"{ByteSizes.Format(free)} free at {path}");
    }

    private static HealthCheck Clock(DateTimeOffset now, string? program)
    {
        var built = program is null
            ? DateTimeOffset.MinValue
            : new DateTimeOffset(File.GetLastWriteTimeUtc(program));
        var shown = now.ToString("yyyy-MM-dd HH:mm:ss'Z'", CultureInfo.InvariantCulture);
        return now < built.AddDays(-1)
            ? new(
                "clock",
                HealthVerdict.Warning,
                $"{shown} is before this program was made",
                "set the clock: timedatectl set-ntp true"
            )
            : HealthCheck.Ok("clock", shown);
    }
}
