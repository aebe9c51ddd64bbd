using Tspm.Cli.Commands;

namespace Tspm.Cli.CommandLine;

/// <summary>Commands that show what runs.</summary>
internal static class LookTree
{
    private const string Group = "look";
    private static readonly OptionSpec ShowSecrets = new(
        ["--show-secrets"],
        null,
        "values that look like secrets too; asks, and needs --yes if stdout is no terminal"
    );

    /// <summary>The commands, in the order of help.</summary>
    public static IReadOnlyList<CommandSpec> Commands { get; } =
    [
        new()
        {
            Names = ["list", "ls", "ps", "status"],
            Group = Group,
            Arguments = "[SEL…]",
            Help = "all processes",
            Options =
            [
                new(
                    ["--watch", "-w"],
                    "DUR",
                    "again and again; default: every 2s",
                    IsValueOptional: true
                ),
                new(
                    ["--sort"],
                    "COLUMN",
                    "by name, cpu, mem, uptime …; -COLUMN the other way round"
                ),
                new(["--format"], "TEMPLATE", "'{name} {status,-12} {mem,8}'; one line each"),
            ],
            Details =
                "Columns for --sort and --format: id, name, ns, status, run, pid, uptime, restarts, cpu, mem, log, lines, bytes, lost, disk, next, restart, cwd, command.",
            Examples =
            [
                "tspm list",
                "tspm list -o wide",
                "tspm list --sort mem",
                "tspm list --format '{name} {status}'",
                "tspm list -o json | jq '.[].name'",
                "tspm list -w",
            ],
            Run = ListCommand.ListAsync,
        },
        new()
        {
            Names = ["jlist"],
            Help = "same as list -o json",
            Run = ListCommand.JsonListAsync,
        },
        new()
        {
            Names = ["describe", "show", "inspect", "info"],
            Group = Group,
            Arguments = "SEL…",
            Help = "all facts about a process",
            Options = [ShowSecrets],
            Examples = ["tspm describe web", "tspm describe web -o json"],
            Run = ListCommand.DescribeAsync,
        },
        new()
        {
            Names = ["env"],
            Group = Group,
            Arguments = "SEL…",
            Help = "the environment a process is started with, secrets masked",
            Details =
                "Files of --env-file are read as they are now; -o json tells what was inherited. restart --update-env takes over this shell's environment.",
            Options = [ShowSecrets],
            Examples = ["tspm env web", "tspm env web -o json"],
            Run = EnvCommand.RunAsync,
        },
        new()
        {
            Names = ["top", "monit"],
            Group = Group,
            Arguments = "[SEL…]",
            Help = "live table of CPU, memory and lines per second",
            Options =
            [
                new(["--interval"], "DUR", "time between two looks; default 1s"),
                new(["--sort"], "COLUMN", "id, name, cpu, mem, log, uptime, restarts"),
                new(["--filter"], "TEXT", "only names with this text"),
                new(["--once"], null, "print one table and end"),
            ],
            Details =
                "What is shown is what the daemon samples, once a second while somebody looks. Without a terminal, and with -o json or jsonl, a table or a line per interval.",
            Examples = ["tspm top", "tspm top --sort mem", "tspm top --once -o json"],
            Run = TopCommand.RunAsync,
        },
        new()
        {
            Names = ["ui", "dash"],
            Group = Group,
            Arguments = "[SEL…]",
            Help = "full-screen view: list and logs; ? shows the keys",
            Options =
            [
                new(["--read-only"], null, "without the keys that change something"),
                new(["--no-mouse"], null, "leave the mouse to the terminal"),
                new(["--clipboard"], null, "y copies a line through the terminal (OSC 52)"),
            ],
            Details =
                "Needs a terminal; without one: tspm logs -f. The log is shown from all that is kept; pausing loses nothing.",
            Examples = ["tspm ui", "tspm ui web worker", "tspm ui --read-only"],
            Run = UiCommand.RunAsync,
        },
        new()
        {
            Names = ["followers"],
            Group = Group,
            Help = "who follows what, and how far behind",
            Examples = ["tspm followers"],
            Run = ListCommand.FollowersAsync,
            MaxArguments = 0,
        },
    ];
}
