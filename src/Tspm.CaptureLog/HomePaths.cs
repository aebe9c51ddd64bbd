using System.Globalization;
using System.Text;

namespace Tspm.CaptureLog;

/// <summary>Where everything of one home lies (docs/capture-log.md section 1). Computes names; touches no file but the machine id.</summary>
/// <param name="Root">The home itself.</param>
/// <param name="Machine">The directory of this machine below it; holds everything.</param>
public sealed record HomePaths(string Root, string Machine)
{
    private const string MachineIdFile = "/etc/machine-id";

    /// <summary>Which home this is: <see cref="HomeIdentity"/>.</summary>
    public string Identity => Path.Join(Machine, "home.id");

    /// <summary>The public socket.</summary>
    public string Socket => Path.Join(Machine, "tspm.sock");

    /// <summary>The keeper's control socket.</summary>
    public string KeeperSocket => Path.Join(Machine, "keeper.sock");

    /// <summary>Held by the keeper as long as it lives.</summary>
    public string KeeperLock => Path.Join(Machine, "keeper.lock");

    /// <summary>Held by the daemon as long as it lives.</summary>
    public string DaemonLock => Path.Join(Machine, "daemon.lock");

    /// <summary>Held by the command that starts a keeper, while it does.</summary>
    public string StartLock => Path.Join(Machine, "start.lock");

    /// <summary>The named pipe that wakes the daemon.</summary>
    public string WakePipe => Path.Join(Machine, "wake");

    /// <summary>The shared page of <see cref="WakePage"/>.</summary>
    public string WakePage => Path.Join(Machine, "wake.page");

    /// <summary>The journal's directory.</summary>
    public string Journal => Path.Join(Machine, "journal");

    /// <summary>The saved list of processes.</summary>
    public string ProcessList => Path.Join(Machine, "processes.json");

    /// <summary>The daemon's own log.</summary>
    public string DaemonLog => Path.Join(Machine, "daemon.log");

    /// <summary>What the keeper has to say while no daemon serves.</summary>
    public string DaemonTrouble => Path.Join(Machine, "daemon.trouble");

    /// <summary>The keeper's own log.</summary>
    public string KeeperLog => Path.Join(Machine, "keeper.log");

    /// <summary>The directory that holds one directory per process.</summary>
    public string Processes => Path.Join(Machine, "p");

    /// <summary>The home that the environment names, else the default one of this user.</summary>
    /// <exception cref="InvalidOperationException">Neither TSPM_HOME nor HOME is an absolute path.</exception>
    public static HomePaths FromEnvironment(Func<string, string?> environment)
    {
        var root =
            environment("TSPM_HOME") is { Length: > 0 } chosen ? Path.GetFullPath(chosen)
            : environment("XDG_STATE_HOME") is { Length: > 0 } state && Path.IsPathRooted(state)
                ? Path.Join(state, "tspm")
            : environment("HOME") is { Length: > 0 } home && Path.IsPathRooted(home)
                ? Path.Join(home, ".local", "state", "tspm")
            : throw new InvalidOperationException(
                "neither TSPM_HOME nor HOME names a directory; set TSPM_HOME"
            );
        return At(root);
    }

    /// <summary>The home at this path, on this machine.</summary>
    public static HomePaths At(string root) => new(root, Path.Join(root, MachineName()));

    /// <summary>The directory of one process.</summary>
    public string Process(uint id) =>
        Path.Join(Processes, id.ToString(CultureInfo.InvariantCulture));

    /// <summary>The journal file whose first record has this number.</summary>
    public string JournalFile(ulong firstOrd) =>
        Path.Join(Journal, firstOrd.ToString("D16", CultureInfo.InvariantCulture));

    /// <summary>The named pipe of one run and stream.</summary>
    public string NamedPipe(uint id, uint run, StreamKind stream) =>
        Path.Join(
            Process(id),
            string.Create(
                CultureInfo.InvariantCulture,
                $"run{run}.{(stream == StreamKind.Err ? "err" : "out")}"
            )
        );

    /// <summary>The named pipe of a run's stdin; there as long as it is open.</summary>
    public string InputPipe(uint id, uint run) =>
        Path.Join(Process(id), string.Create(CultureInfo.InvariantCulture, $"run{run}.in"));

    /// <summary>The index file that begins with this seq.</summary>
    public string IndexFile(uint id, long firstSeq) =>
        Path.Join(
            Process(id),
            string.Create(CultureInfo.InvariantCulture, $"index.{firstSeq:D16}")
        );

    private static string MachineName()
    {
        var identity = File.Exists(MachineIdFile) ? File.ReadAllText(MachineIdFile).Trim() : "";
        return Digest(identity.Length > 0 ? identity : Environment.MachineName);
    }

    /// <summary>FNV-1a, 64 bits: tells machines and homes apart. No secret hangs on it, and SHA-256 would load OpenSSL, 3 ms at every start.</summary>
    public static string Digest(string identity)
    {
        ArgumentNullException.ThrowIfNull(identity);
        const ulong prime = 0x0000_0100_0000_01B3;
        var digest = 0xCBF2_9CE4_8422_2325;
        foreach (var one in Encoding.UTF8.GetBytes(identity))
        {
            digest = (digest ^ one) * prime;
        }

        return digest.ToString("x16", CultureInfo.InvariantCulture);
    }
}
