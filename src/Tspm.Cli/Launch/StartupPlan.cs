using System.Globalization;
using System.Text;
using Tspm.CaptureLog;
using Tspm.Keeper;

namespace Tspm.Cli.Launch;

/// <summary>What <c>startup</c> installs for a home: the text of a systemd user unit, and a cron line that does the same.</summary>
/// <remarks>Pure but for the names it is given.</remarks>
internal sealed record StartupPlan
{
    private const int MarginSeconds = 15;

    /// <summary>Program, arguments, home.</summary>
    public required IReadOnlyList<string> Command { get; init; }

    /// <summary>The unit's name.</summary>
    public required string UnitName { get; init; }

    /// <summary>Where user units are.</summary>
    public required string UnitDirectory { get; init; }

    /// <summary>The home.</summary>
    public required string Home { get; init; }

    /// <summary>The longest grace of all programs, ms.</summary>
    public required int LongestGraceMs { get; init; }

    /// <summary>The unit's path.</summary>
    public string UnitPath => Path.Join(UnitDirectory, UnitName);

    /// <summary>The mark by which our cron line is found again.</summary>
    public string CronMark => $"# {UnitName}";

    /// <summary>systemd refuses such a program, however it is quoted.</summary>
    public bool IsUnfit => Command[0].AsSpan().ContainsAny("\"'\\");

    /// <summary>Makes the plan of a home.</summary>
    /// <param name="home">The home.</param>
    /// <param name="program">This program and the arguments before its command.</param>
    /// <param name="longestGraceMs">The longest grace of all programs.</param>
    /// <param name="environment">Value of a variable, or null.</param>
    /// <exception cref="CliException">A path cannot stand in a unit, or there is no place for one.</exception>
    public static StartupPlan Of(
        HomePaths home,
        IReadOnlyList<string> program,
        int longestGraceMs,
        Func<string, string?> environment
    )
    {
        var configuration =
            environment("XDG_CONFIG_HOME") is { Length: > 0 } chosen && Path.IsPathRooted(chosen)
                ? chosen
            : environment("HOME") is { Length: > 0 } user && Path.IsPathRooted(user)
                ? Path.Join(user, ".config")
            : throw new CliException(
                ExitCodes.Failed,
                "neither XDG_CONFIG_HOME nor HOME names a directory: there is no place for a unit"
            );
        IReadOnlyList<string> command = [.. program, "keeper", "--home", home.Root, "--resurrect"];
        if (command.FirstOrDefault(word => word.Any(char.IsControl)) is { } bad)
        {
            throw new CliException(
                ExitCodes.Failed,
                $"a path with a control character cannot stand in a unit: {Rendering.TerminalSanitizer.Clean(bad)}"
            );
        }

        return new StartupPlan
        {
            Command = command,
            UnitName = NameOf(home, environment),
            UnitDirectory = Path.Join(configuration, "systemd", "user"),
            Home = home.Root,
            LongestGraceMs = longestGraceMs,
        };
    }

    /// <summary>The unit.</summary>
    /// <exception cref="CliException">systemd would refuse the program's path.</exception>
    public string UnitText()
    {
        if (IsUnfit)
        {
            throw new CliException(
                ExitCodes.Failed,
                $"systemd starts no program whose path has quotes or backslashes: {Command[0]}",
                "put tspm elsewhere, or: tspm startup --cron"
            );
        }

        var words = Command.Select((word, at) => QuoteForUnit(word, isProgram: at == 0));
        var stop = (LongestGraceMs / 1000) + MarginSeconds;
        return string.Create(
            CultureInfo.InvariantCulture,
            $"""
            # Written by tspm startup; removed by tspm unstartup.
            [Unit]
            Description=tspm, keeper of the programs in {Home.Replace(
                "%",
                "%%",
                StringComparison.Ordinal
            )}

            [Service]
            Type=notify
            NotifyAccess=main
            ExecStart={string.Join(' ', words)}
            # Programs are stopped by the keeper, each in its own way, and live on if only the keeper is replaced.
            KillMode=process
            Delegate=yes
            Restart=always
            RestartSec=1
            # Ended as asked ({KeeperExitCodes.Done}), a home that is not ours ({KeeperExitCodes.Refused}), another keeper has it ({KeeperExitCodes.LostLock}).
            RestartPreventExitStatus={KeeperExitCodes.Done} {KeeperExitCodes.Refused} {KeeperExitCodes.LostLock}
            TimeoutStartSec=60
            TimeoutStopSec={stop}
            WatchdogSec=30

            [Install]
            WantedBy=default.target

            """
        );
    }

    /// <summary>The cron line; its mark is a comment to the shell that cron runs.</summary>
    public string CronText()
    {
        var words = string.Join(' ', Command.Select(QuoteForShell));
        var line = $"{words} </dev/null >/dev/null 2>&1 {CronMark}";
        return "@reboot " + line.Replace("%", "\\%", StringComparison.Ordinal);
    }

    /// <summary>A word of ExecStart: %-specifiers and, but for the program itself, $-variables are taken literally.</summary>
    internal static string QuoteForUnit(string word, bool isProgram)
    {
        var text = new StringBuilder("\"");
        foreach (var letter in word)
        {
            text.Append(
                letter switch
                {
                    '"' => "\\\"",
                    '\\' => "\\\\",
                    '%' => "%%",
                    '$' when !isProgram => "$$",
                    _ => letter.ToString(),
                }
            );
        }

        return text.Append('"').ToString();
    }

    /// <summary>A word for the shell.</summary>
    internal static string QuoteForShell(string word) =>
        $"'{word.Replace("'", "'\\''", StringComparison.Ordinal)}'";

    /// <summary>The default home has the plain name; any other one is told apart.</summary>
    private static string NameOf(HomePaths home, Func<string, string?> environment)
    {
        var usual = HomePaths.FromEnvironment(name =>
            name == "TSPM_HOME" ? null : environment(name)
        );
        return home.Root == usual.Root
            ? "tspm.service"
            : $"tspm-{HomePaths.Digest(home.Root)[..8]}.service";
    }
}
