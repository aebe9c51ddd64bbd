using Tspm.Cli.Commands;

namespace Tspm.Cli.CommandLine;

/// <summary>How programs are kept running: options of start, and the commands that change known processes.</summary>
internal static class SupervisionTree
{
    private const string Group = "run programs";

    /// <summary>How it is stopped; for start and run.</summary>
    public static readonly OptionSpec[] StopOptions =
    [
        new(
            ["--stop-signal"],
            "SIG[,SIG…]",
            "what asks it to end, one after the other; default: TERM"
        ),
        new(["--stop-timeout"], "DUR", "time until it is killed; default: 10s"),
        new(["--stop-scope"], "tree|group|leader", "what a stop reaches; default: tree"),
        new(
            ["--stop-command"],
            "LINE",
            "shell line that asks it to end, instead of the first signal"
        ),
    ];

    /// <summary>What start has besides; each of them but the last is also a key of set.</summary>
    public static readonly OptionSpec[] StartOptions =
    [
        new(
            ["--restart"],
            "POLICY",
            "always, on-failure (default), never, or unless-stopped (same as always)"
        ),
        new(
            ["--max-restarts"],
            "N",
            "short runs within --restart-within after which it is given up; default: 16"
        ),
        new(["--restart-within"], "DUR", "the window of --max-restarts; default: 5m"),
        new(["--restart-delay"], "DUR", "pause before every restart; default: none"),
        new(["--min-uptime"], "DUR", "a run at least this long is a good one; default: 1s"),
        new(["--backoff"], "DUR", "delay before the second restart in a row; default: 200ms"),
        new(["--backoff-max"], "DUR", "the longest delay; default: 30s"),
        new(["--backoff-factor"], "F", "each delay is this times the one before; default: 2"),
        new(["--success-codes"], "N[,N…]", "exit codes that are no failure; default: 0"),
        new(["--stop-codes"], "N[,N…]", "exit codes after which it is not started again"),
        new(
            ["--ready"],
            "CHECK",
            "it serves when log:/RE/, tcp:HOST:PORT, http:URL, exec:LINE or notify says so"
        ),
        new(["--ready-timeout"], "DUR", "how long that may take before it is told; default: 60s"),
        new(["--ready-interval"], "DUR", "between two looks; default: 1s"),
        new(["--ready-delay"], "DUR", "before the first look"),
        new(["--health"], "CHECK", "it goes on serving while tcp:, http:, exec: or notify says so"),
        new(["--health-interval"], "DUR", "between two looks; default: 1s"),
        new(["--health-timeout"], "DUR", "the longest look; default: 1s"),
        new(["--health-delay"], "DUR", "before the first look"),
        new(["--health-failures"], "N", "bad looks in a row that make it unhealthy; default: 3"),
        new(["--health-successes"], "N", "good looks in a row that make it healthy; default: 1"),
        new(["--health-action"], "tell|restart", "what then; default: tell"),
        new(
            ["--depends-on"],
            "NAME[:started|ready|healthy|completed],…",
            "what must be so of others first; default: started"
        ),
        new(
            ["--watch"],
            "PATH[,PATH…]",
            "restart it when a file changes there; alone: in its directory",
            IsValueOptional: true
        ),
        new(
            ["--watch-ignore"],
            "GLOB[,GLOB…]",
            "what does not count, as in a .gitignore; !GLOB takes back"
        ),
        new(["--watch-debounce"], "DUR", "how long nothing must change first; default: 300ms"),
        new(["--watch-gitignore"], "yes|no", "the .gitignore files hold too; default: yes"),
        new(
            ["--schedule"],
            "CRON",
            "when the clock restarts it: five fields, six with seconds, or @daily"
        ),
        new(
            ["--schedule-action"],
            "restart|run",
            "run: started then if it does not run, and not now; default: restart"
        ),
        new(
            ["--schedule-missed"],
            "run|skip",
            "times while the machine slept: once afterwards, or not; default: run"
        ),
        new(["--schedule-zone"], "ZONE", "time zone, as Europe/Berlin; default: the machine's"),
        new(
            ["--label"],
            "KEY=VALUE",
            "for selectors @KEY=VALUE; may be repeated",
            IsRepeatable: true
        ),
        new(
            ["--max-memory", "--memory"],
            "SIZE",
            "over this much memory of the whole tree it is stopped, and restarted as after a failure"
        ),
        new(
            ["--limit"],
            "NAME=N[:HARD]",
            "kernel limit: nofile, core, nproc, as, …; cgroup-memory, cgroup-cpu, cgroup-pids; may be repeated",
            IsRepeatable: true
        ),
        new(
            ["--hook"],
            "EVENT,…=TARGET",
            "tell http://HOST:PORT/PATH (POST) or exec:LINE of events; all for every one; may be repeated",
            IsRepeatable: true
        ),
        new(
            ["--secret"],
            "NAME[,NAME…]",
            "the value of this variable or option is never shown; may be repeated",
            IsRepeatable: true
        ),
        new(
            ["--redact"],
            "RE",
            "what matches is shown as * in its log, or only the group (?<secret>…); may be repeated",
            IsRepeatable: true
        ),
        new(["--nice"], "N", "niceness, -20 to 19"),
        new(["--umask"], "MASK", "file mode mask, octal; default: this shell's"),
        new(["--oom-score"], "N", "-1000 to 1000: who is ended first when memory is short"),
        new(["--no-new-privs"], null, "it cannot gain privileges by what it executes"),
        new(["--history"], "on|off", "sample it though nobody looks; default: off"),
        new(
            ["--instances", "-i"],
            "N",
            "so many of it: name.0, name.1, …, each with TSPM_INSTANCE"
        ),
        new(["--port-step"], "N", "by how much PORT differs from one instance to the next"),
        new(["--no-deps"], null, "do not start what known ones depend on"),
        new(
            ["--wait"],
            "ready|running",
            "until it serves, or until it runs; alone: ready if there is a check",
            IsValueOptional: true
        ),
        new(["--wait-timeout"], "DUR", "how long; default: 30s"),
    ];

    /// <summary>Options of restart.</summary>
    public static readonly OptionSpec[] RestartOptions =
    [
        new(["--parallel"], "N", "so many at a time; the next when those serve"),
        new(["--with-dependants"], null, "those that depend on them too"),
        new(
            ["--update-env"],
            null,
            "take over this shell's environment; what was given by --env stays"
        ),
    ];

    /// <summary>Commands about known processes.</summary>
    public static IReadOnlyList<CommandSpec> Commands { get; } =
    [
        new()
        {
            Names = ["reload"],
            Group = Group,
            Arguments = "SEL…",
            Help = "start the new run, wait until it is ready, stop the old one",
            Details =
                "Needs a readiness check. One process after the other; when one does not become ready, its old run goes on and the rest is left alone.",
            Options = [new(["--parallel"], "N", "so many at a time; default: 1")],
            Examples = ["tspm reload web"],
            Run = SupervisionCommands.ReloadAsync,
        },
        new()
        {
            Names = ["reset"],
            Group = Group,
            Arguments = "SEL…",
            Help = "forget failures: counters to zero, the next try now",
            Examples = ["tspm reset web"],
            Run = SupervisionCommands.ResetAsync,
        },
        new()
        {
            Names = ["scale"],
            Group = Group,
            Arguments = "NAME N",
            Help = "have N instances of a process",
            Details =
                "A process that has none becomes the first one, NAME.0. NAME goes on meaning all.",
            Examples = ["tspm scale web 4"],
            Run = SupervisionCommands.ScaleAsync,
            MaxArguments = 2,
        },
        new()
        {
            Names = ["set"],
            Group = Group,
            Arguments = "SEL KEY=VALUE…",
            Help = "change settings of a process",
            Details =
                "Keys are the options of start without dashes, env.NAME, label.NAME, limit.NAME and hook.NAME; secrets=NAME,… is the list of --secret, redact=RE replaces what --redact gave and redact+=RE adds to it. Restart and stop settings, labels, secrets and redact hold at once, the others from the next start on.",
            Examples = ["tspm set web restart=always max-restarts=5", "tspm set web env.PORT=3000"],
            Run = SupervisionCommands.SetAsync,
        },
        new()
        {
            Names = ["rename"],
            Group = Group,
            Arguments = "SEL [NS/]NAME",
            Help = "give a process another name; its log goes on",
            Examples = ["tspm rename web api"],
            Run = SupervisionCommands.RenameAsync,
            MaxArguments = 2,
        },
    ];
}
