using Tspm.Cli.Commands;

namespace Tspm.Cli.CommandLine;

/// <summary>Commands that show what programs printed.</summary>
internal static class LogTree
{
    private const string Group = "look";

    /// <summary>How lines look; nothing of it is on outside a terminal unless asked for.</summary>
    private static readonly OptionSpec[] ViewOptions =
    [
        new(
            ["--highlight", "-H"],
            "RE",
            "show what matches inverse; may be repeated",
            IsRepeatable: true
        ),
        new(["--no-highlight"], null, "no colours for levels, numbers, addresses, files"),
        new(["--pretty"], null, "lines of JSON and logfmt readably"),
        new(
            ["--field"],
            "NAME=VALUE",
            "only such lines with this field; may be repeated",
            IsRepeatable: true
        ),
        new(["--select"], "NAMES", "only these fields of such lines: time,level,msg"),
        new(["--fold"], null, "of a stack trace the first lines and the number of the others"),
        new(["--wrap"], null, "long lines go on in the next row; default"),
        new(["--no-wrap"], null, "long lines are cut at the width of the terminal"),
        new(["--hyperlinks"], "auto|always|never", "links on http(s):// and /file:line"),
        new(["--no-pager"], null, "long history goes straight to the terminal"),
    ];

    private static readonly OptionSpec Offline = new(
        ["--offline"],
        null,
        "read the files of --home without its daemon: a copy, or one whose daemon cannot start"
    );

    private static readonly OptionSpec[] LogOptions =
    [
        new(["--follow", "-f"], null, "go on with what comes"),
        new(["--no-follow", "--nostream"], null, "do not"),
        new(["--tail", "-n", "--lines"], "N|all", "the newest N lines of each; default: 20"),
        new(["--no-tail"], null, "all lines"),
        new(
            ["--since", "-S"],
            "TIME",
            "from this time on: 10m, 14:05, \"2026-01-31 14:05\", run (start of the current run)"
        ),
        new(["--until", "-U"], "TIME", "up to this time; with -f the follow ends there"),
        new(["--at"], "TIME", "what all printed around this time, in one order"),
        new(["--around"], "DUR", "how far around --at; default: 5s"),
        new(["--timestamps", "-t"], "iso|time|rel|delta|unix", "show when", IsValueOptional: true),
        new(["--utc"], null, "times in UTC"),
        new(["--out", "--stdout"], null, "standard output only"),
        new(["--err", "--stderr"], null, "standard error only"),
        new(["--no-events"], null, "without starts and exits"),
        new(["--prefix"], null, "put the name before each line"),
        new(["--no-prefix", "--no-log-prefix"], null, "do not"),
        new(["--raw"], null, "the bytes as they were printed; same as -o raw"),
        new(["--no-sanitize"], null, "let all escape sequences through"),
        new(["--gap"], "fill|skip", "what left the ring is read from disk (fill) or told (skip)"),
        new(["--until-exit"], null, "follow until the run has ended, not on to the next"),
        new(["--fail-on-gap"], null, "exit 10 if entries could not be delivered"),
        new(
            ["--reconnect"],
            "DUR|never|forever",
            "how long to try when the daemon is away; default: forever"
        ),
        new(
            ["--grep", "-g"],
            "RE",
            "lines that match; may be repeated (one must match)",
            IsRepeatable: true
        ),
        new(["--exclude"], "RE", "no lines that match; may be repeated", IsRepeatable: true),
        new(["--ignore-case", "-i"], null, "with capitals too; default if no pattern has one"),
        new(["--after-context", "-A"], "N", "with each line that matches, N lines after it"),
        new(["--before-context", "-B"], "N", "N lines before it"),
        new(["--context", "-C"], "N", "N lines before and after it"),
        new(["--reverse", "-r"], null, "the newest line first; not with -f"),
        new(["--limit-bytes"], "N", "no more than N bytes of output of the programs"),
        new(["--run"], "N|current|previous|-K|all", "lines of one run"),
        new(["--previous", "-p"], null, "same as --run previous"),
        new(["--after-cursor"], "CURSOR", "begin after what was seen"),
        new(["--show-cursor"], null, "at the end, tell where the next reader can go on"),
        new(["--cursor-file"], "FILE", "begin after the cursor in it, and keep it up to date"),
        new(["--no-new"], null, "do not follow processes that are made later"),
        Offline,
        .. ViewOptions,
        new(["--receipt"], null, "at the end, tell what became of every entry (stderr)"),
    ];

    /// <summary>The commands, in the order of help.</summary>
    public static IReadOnlyList<CommandSpec> Commands { get; } =
    [
        new()
        {
            Names = ["logs"],
            Group = Group,
            Arguments = "[SEL…]",
            Help = "what programs printed; -f to follow",
            Details =
                "Without a name: all. A selector is a name, an id, ns/name, a glob, /regex/ or all.",
            Options = LogOptions,
            Examples =
            [
                "tspm logs web -f",
                "tspm logs web -n 100 --err",
                "tspm logs 'web*' db -f -t",
                "tspm logs web -o json | jq .msg",
                "tspm logs web --pretty --field level=error",
                "tspm logs web -f --fold --no-wrap",
                "tspm logs --home /mnt/backup/tspm --offline --since 1h",
            ],
            Run = LogsCommand.RunAsync,
            Subcommands =
            [
                new()
                {
                    Names = ["export"],
                    Arguments = "[SEL…]",
                    Help = "a stretch of one or all logs as a file: .log, .jsonl or .cri",
                    Details =
                        "One line for each entry; control characters are escaped in .log and .cri, nothing is lost in .jsonl. What is missing is a line of its own.",
                    Options =
                    [
                        new(["--out"], "FILE", "where to; default: stdout. Never replaces a file"),
                        new(["--force"], null, "but with this"),
                        new(["--format"], "log|jsonl|cri", "default: by the end of the name"),
                        new(
                            ["--tail", "-n", "--lines"],
                            "N|all",
                            "the newest N of each; default: all"
                        ),
                        new(["--since", "-S"], "TIME", "from this time on"),
                        new(["--until", "-U"], "TIME", "up to this time"),
                        new(["--at"], "TIME", "around this time"),
                        new(["--around"], "DUR", "how far around --at; default: 5s"),
                        new(["--run"], "N|current|previous|-K|all", "lines of one run"),
                        new(["--previous", "-p"], null, "same as --run previous"),
                        new(["--grep", "-g"], "RE", "lines that match", IsRepeatable: true),
                        new(["--exclude"], "RE", "no lines that match", IsRepeatable: true),
                        new(["--ignore-case", "-i"], null, "with capitals too"),
                        new(["--no-events"], null, "without starts and exits"),
                        new(["--utc"], null, "times of --since and --until in UTC"),
                        new(["--fail-on-gap"], null, "exit 10 if entries are missing"),
                        Offline,
                    ],
                    Examples =
                    [
                        "tspm logs export web --since 1h --out web.log",
                        "tspm logs export --at 14:05:06 --around 30s --out crash.jsonl",
                    ],
                    Run = ExportCommand.RunAsync,
                },
                new()
                {
                    Names = ["verify"],
                    Arguments = "[SEL…]",
                    Help =
                        "check everything that is stored against its checksums; exit 12 on damage",
                    Options = [Offline],
                    Run = StoreCommands.VerifyAsync,
                },
            ],
        },
        new()
        {
            Names = ["tail"],
            Group = Group,
            Arguments = "[SEL…]",
            Help = "same as logs -f",
            Examples = ["tspm tail web"],
            Options = LogOptions,
            Run = LogsCommand.TailAsync,
        },
        new()
        {
            Names = ["flush"],
            Group = Group,
            Arguments = "SEL…",
            Help = "take stored entries from the disk; numbers go on, and readers are told",
            Options =
            [
                new(["--before"], "TIME", "only what is from before this time"),
                new(["--utc"], null, "that time is UTC"),
            ],
            Examples = ["tspm flush web --before 7d -y"],
            Run = StoreCommands.FlushAsync,
        },
        new()
        {
            Names = ["events"],
            Group = Group,
            Arguments = "[SEL…]",
            Help = "starts, exits and the rest of the life of all programs, in one order",
            Options =
            [
                new(["--follow", "-f"], null, "go on with what comes"),
                new(["--no-follow"], null, "do not"),
                new(["--tail", "-n", "--lines"], "N|all", "the newest N of all; default: 20"),
                new(["--since", "-S"], "TIME", "from this time on"),
                new(
                    ["--timestamps", "-t"],
                    "iso|time|rel|delta|unix",
                    "show when",
                    IsValueOptional: true
                ),
                new(["--utc"], null, "times in UTC"),
                new(
                    ["--reconnect"],
                    "DUR|never|forever",
                    "how long to try when the daemon is away"
                ),
                Offline,
            ],
            Examples = ["tspm events -f", "tspm events --since 1h -o json"],
            Run = EventsCommand.RunAsync,
        },
        new()
        {
            Names = ["why"],
            Group = Group,
            Arguments = "SEL…",
            Help = "what ended the last run, what it printed last, what comes next",
            Details =
                "Of each failed run a report is kept (100 of a process), also when its log is gone.",
            Options =
            [
                new(["--run"], "N", "that run"),
                new(["--list"], null, "which runs have a crash report"),
                new(["--lines", "-n"], "N", "last lines of each stream; default: 10"),
                new(["--utc"], null, "times in UTC"),
            ],
            Examples = ["tspm why web", "tspm why web --list", "tspm why web --run 5 -n 100"],
            Run = WhyCommand.RunAsync,
        },
        new()
        {
            Names = ["wait"],
            Group = Group,
            Arguments = "SEL…",
            Help = "block until a state is reached or a line was printed",
            Details =
                "log:/RE/ looks at the current run from its beginning, then at what comes. Exit 7: not seen in time; 10: not seen, but entries were lost meanwhile.",
            Options =
            [
                new(
                    ["--for"],
                    "STATE|log:/RE/",
                    "running (default), ready, stopped, exited, or a line"
                ),
                new(["--timeout"], "DUR", "how long; default: 30s"),
                new(["--ignore-case", "-i"], null, "of the line"),
            ],
            Examples = ["tspm wait web --for 'log:/listening on/' --timeout 30s"],
            Run = WaitCommand.RunAsync,
        },
    ];
}
