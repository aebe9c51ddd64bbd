using System.Collections;
using Tspm.Cli.CommandLine;
using Tspm.Cli.Launch;
using Tspm.Protocol.Messages;
using Tspm.Protocol.Specs;

namespace Tspm.Cli.Commands;

/// <summary>From the options of start and run to what the daemon is asked to run.</summary>
internal static class SpecBuilder
{
    private const int MaxName = 63;

    /// <summary>Variables that belong to us or to whoever started us, not to the program.</summary>
    private static readonly HashSet<string> OwnVariables =
    [
        "TSPM_RUN",
        "TSPM_DEPTH",
        "TSPM_CRASH_AT",
        "TSPM_CRASH_ONCE",
        "TSPM_DAEMON_TIMEOUT",
        "TSPM_BUILD_ID",
        "TSPM_BOOT_ID_FILE",
        "NOTIFY_SOCKET",
        "LISTEN_FDS",
        "LISTEN_PID",
        "LISTEN_FDNAMES",
        "WATCHDOG_PID",
        "WATCHDOG_USEC",
    ];

    /// <summary>Makes the spec.</summary>
    /// <param name="invocation">The command line.</param>
    /// <param name="command">Program and arguments.</param>
    /// <param name="isShell">The command is one shell line.</param>
    /// <param name="taken">Names that are taken, for the default name.</param>
    /// <param name="restart">The restart policy.</param>
    /// <exception cref="CliException">An option is wrong.</exception>
    public static ProcessSpec Build(
        Invocation invocation,
        IReadOnlyList<string> command,
        bool isShell,
        IReadOnlyCollection<string> taken,
        string restart
    )
    {
        var cwd = Path.GetFullPath(invocation.Value("cwd") ?? Environment.CurrentDirectory);
        var spec = new ProcessSpec
        {
            Name =
                invocation.Value("name")
                ?? Unique(NameOf(isShell ? FirstWord(command[^1]) : command[0]), taken),
            Ns = invocation.Value("namespace") ?? "default",
            Command = command,
            IsShell = isShell,
            Cwd = cwd,
            Pty = invocation.Has("pty"),
            MergeStreams = invocation.Has("merge"),
            Stdin = invocation.Has("stdin"),
            Restart = new RestartSpec { Policy = restart },
            Umask = LibC.ReadUmask(),
            OpenFiles = LibC.ReadOpenFiles(),
        };
        return WithSettings(invocation, WithEnvironment(invocation, spec));
    }

    /// <summary>The options that are settings by key, the same as those of <c>set</c>.</summary>
    private static ProcessSpec WithSettings(Invocation invocation, ProcessSpec spec)
    {
        foreach (var option in invocation.Command.Options)
        {
            var isSetting =
                invocation.Has(option.Key)
                && SpecEdit.Keys.Contains(option.Key)
                && option.Key
                    is not (
                        "cwd"
                        or "restart"
                        or "stdin"
                        or "no-new-privs"
                        or "redact"
                        or "namespace"
                    );
            if (
                isSetting
                && SpecEdit.TryApply(ref spec, option.Key, ValueOf(invocation, option.Key))
                    is { } fault
            )
            {
                throw new CliException(ExitCodes.Usage, $"--{fault}");
            }
        }

        if (invocation.Has("no-new-privs"))
        {
            _ = SpecEdit.TryApply(ref spec, "no-new-privs", "on");
        }

        spec = WithFamilies(invocation, spec);
        var step = (int)invocation.Number("port-step", 0, 65_535, 0);
        return spec with
        {
            Labels = invocation.Values("label"),
            Instance = step > 0 ? new InstanceSpec { Group = spec.Name, PortStep = step } : null,
        };
    }

    /// <summary>Options that may be repeated, each a key of an open family.</summary>
    private static ProcessSpec WithFamilies(Invocation invocation, ProcessSpec spec)
    {
        foreach (var limit in invocation.Values("limit"))
        {
            var equals = limit.IndexOf('=', StringComparison.Ordinal);
            var fault =
                equals > 0
                    ? SpecEdit.TryApply(ref spec, $"limit.{limit[..equals]}", limit[(equals + 1)..])
                    : $"limit: \"{limit}\" is not NAME=VALUE";
            if (fault is not null)
            {
                throw new CliException(ExitCodes.Usage, $"--{fault}");
            }
        }

        _ = SpecEdit.TryApply(ref spec, "secrets", string.Join(',', invocation.Values("secret")));
        foreach (var pattern in invocation.Values("redact"))
        {
            _ = SpecEdit.TryApply(ref spec, "redact+", pattern);
        }

        var number = 0;
        foreach (var hook in invocation.Values("hook"))
        {
            if (SpecEdit.TryApply(ref spec, $"hook.{++number}", hook) is { } fault)
            {
                throw new CliException(ExitCodes.Usage, $"--{fault}");
            }
        }

        return spec;
    }

    /// <summary>The value of an option that was given; <c>--watch</c> alone means the directory.</summary>
    private static string ValueOf(Invocation invocation, string key) =>
        invocation.Value(key) is { Length: > 0 } text ? text
        : key == "watch" ? "."
        : "";

    /// <summary>Milliseconds of a duration option.</summary>
    /// <exception cref="CliException">It is none.</exception>
    public static int ParseDuration(string option, string text) =>
        TimeText.TryParseDuration(text, out var duration, out _)
        && duration.TotalMilliseconds <= int.MaxValue
            ? (int)duration.TotalMilliseconds
            : throw new CliException(
                ExitCodes.Usage,
                $"--{option}: \"{text}\" is not a duration",
                "examples: 500ms, 10s, 2m",
                ErrorCode.BadTime
            );

    /// <summary>The name of a program made legal: its file name without an ending that only says what it is written in.</summary>
    public static string NameOf(string program)
    {
        var file = Path.GetFileName(program.TrimEnd('/'));
        var plain = new string([
            .. file.Select(c => char.IsAsciiLetterOrDigit(c) || c is '.' or '_' or '-' ? c : '-'),
        ]).TrimStart('.', '_', '-');
        plain = plain.Length > MaxName ? plain[..MaxName] : plain;
        return plain.Length == 0 || plain.All(char.IsAsciiDigit) || plain == "all"
            ? $"program{(plain.Length > 0 ? "-" + plain : "")}"
            : plain;
    }

    private static string Unique(string name, IReadOnlyCollection<string> taken)
    {
        var candidate = name;
        for (var number = 2; taken.Contains(candidate); number++)
        {
            candidate = $"{(name.Length > MaxName - 5 ? name[..(MaxName - 5)] : name)}-{number}";
        }

        return candidate;
    }

    /// <summary>The program in a shell line: past variables and "exec".</summary>
    private static string FirstWord(string line) =>
        line.Split(' ', StringSplitOptions.RemoveEmptyEntries)
            .FirstOrDefault(word => !word.Contains('=') && word is not ("exec" or "env" or "cd"))
        ?? "shell";

    /// <summary>What a program would inherit from this command, as NAME=value.</summary>
    public static IReadOnlyList<string> ReadCallerEnvironment()
    {
        var variables = new List<string>();
        foreach (DictionaryEntry entry in Environment.GetEnvironmentVariables())
        {
            if (entry.Key is string name && !OwnVariables.Contains(name))
            {
                variables.Add($"{name}={entry.Value as string ?? ""}");
            }
        }

        return variables;
    }

    /// <summary>What it inherits, what it has of its own, and the files that are read at each start.</summary>
    private static ProcessSpec WithEnvironment(Invocation invocation, ProcessSpec spec)
    {
        var names = ReadInherited(invocation);
        var own = new SortedDictionary<string, string>(StringComparer.Ordinal);
        foreach (var variable in invocation.Values("env"))
        {
            var equals = variable.IndexOf('=');
            own[equals > 0 ? variable[..equals] : ""] =
                equals > 0
                    ? variable
                    : throw new CliException(
                        ExitCodes.Usage,
                        $"--env: \"{variable}\" is not NAME=VALUE"
                    );
        }

        var inherited = ReadCallerEnvironment()
            .Where(one => names is null || names.Contains(one[..one.IndexOf('=')]))
            .Where(one => !own.ContainsKey(one[..one.IndexOf('=')]))
            .Order(StringComparer.Ordinal)
            .ToList();
        var files = invocation.Values("env-file").Select(Path.GetFullPath).ToList();
        foreach (var file in files)
        {
            // Read by the daemon at each start; here only to say at once what is wrong.
            if (EnvFile.TryRead(file, out _) is { } fault)
            {
                throw new CliException(ExitCodes.Usage, $"--env-file: {fault}");
            }
        }

        return spec with
        {
            Env = [.. inherited.Concat(own.Values).Order(StringComparer.Ordinal)],
            Inherited = [.. inherited.Select(one => one[..one.IndexOf('=')])],
            InheritEnv = names,
            EnvFiles = files,
        };
    }

    /// <summary>The names that may be inherited; null for all.</summary>
    private static string[]? ReadInherited(Invocation invocation) =>
        invocation.Has("clean-env")
            ? []
            : invocation.Value("inherit-env") switch
            {
                null or "all" => null,
                "none" => [],
                var names => names.Split(',', StringSplitOptions.RemoveEmptyEntries),
            };
}
