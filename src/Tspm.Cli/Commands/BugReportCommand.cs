using System.Globalization;
using System.Text;
using System.Text.Json;
using Tspm.Cli.CommandLine;
using Tspm.Cli.Launch;
using Tspm.Cli.Rendering;
using Tspm.Protocol.Messages;

namespace Tspm.Cli.Commands;

/// <summary><c>bug-report</c>: a directory of facts, for its owner alone, without secrets, arguments and log lines.</summary>
internal static class BugReportCommand
{
    private const int Lines = 500;
    private const UnixFileMode OwnerFile = UnixFileMode.UserRead | UnixFileMode.UserWrite;
    private static readonly string[] Told =
    [
        "TERM",
        "COLORTERM",
        "LANG",
        "LC_ALL",
        "NO_COLOR",
        "FORCE_COLOR",
        "PAGER",
        "SHELL",
        "TSPM_DEPTH",
    ];

    /// <summary>Runs the command.</summary>
    public static async Task<int> RunAsync(Invocation invocation)
    {
        var context = CliContext.Of(invocation);
        var now = TimeProvider
            .System.GetUtcNow()
            .ToString("yyyyMMdd-HHmmss", CultureInfo.InvariantCulture);
        var directory = Path.GetFullPath(invocation.Value("file") ?? $"tspm-bug-report-{now}");
        if (Directory.Exists(directory) || File.Exists(directory))
        {
            throw new CliException(
                ExitCodes.Conflict,
                $"{directory} is there already",
                "choose another with --file"
            );
        }

        Directory.CreateDirectory(directory, OwnerFile | UnixFileMode.UserExecute);
        var hides = new Redaction(context.Home.Root);
        foreach (var (name, text) in await CollectAsync(context))
        {
            var options = new FileStreamOptions
            {
                Mode = FileMode.CreateNew,
                Access = FileAccess.Write,
                UnixCreateMode = OwnerFile,
            };
            await using var file = new FileStream(Path.Join(directory, name), options);
            await file.WriteAsync(Encoding.UTF8.GetBytes(hides.Apply(text)));
        }

        context.PrintLine(TerminalSanitizer.Clean(directory));
        context.Output.Flush();
        context.Say(
            "look through it before you give it away; it holds no log lines, arguments or values of variables"
        );
        return ExitCodes.Done;
    }

    private static async Task<List<(string Name, string Text)>> CollectAsync(CliContext context)
    {
        var files = new List<(string Name, string Text)>
        {
            ("version.txt", $"tspm {BuildFacts.Version} ({BuildFacts.BuildId})\n"),
            ("doctor.json", HealthCommand.JsonOf(HealthCommand.Look(context, mends: false)) + "\n"),
            ("machine.txt", Machine()),
        };
        await using var client = await context.Launcher.TryConnectAsync(null, default);
        if (client is not null)
        {
            var status = await client.GetStatusAsync();
            files.Add(
                (
                    "daemon.json",
                    JsonSerializer.Serialize(status, ProtocolJsonContext.Default.StatusReply) + "\n"
                )
            );
            files.Add(("processes.txt", Processes((await client.ListAsync([])).Processes)));
            var log = await client.GetDaemonLogsAsync(Lines);
            files.Add(("daemon.log", string.Join('\n', log.Lines) + "\n"));
        }

        if (File.Exists(context.Home.KeeperLog))
        {
            var lines = await File.ReadAllLinesAsync(context.Home.KeeperLog);
            files.Add(("keeper.log", string.Join('\n', lines.TakeLast(Lines)) + "\n"));
        }

        return files;
    }

    private static string Machine()
    {
        var text = new StringBuilder();
        text.Append(File.ReadAllText("/proc/version"));
        text.Append($"processors {Environment.ProcessorCount}\n");
        foreach (
            var name in Told.Where(name => Environment.GetEnvironmentVariable(name) is not null)
        )
        {
            text.Append($"{name}={Environment.GetEnvironmentVariable(name)}\n");
        }

        return text.Append(File.ReadAllText("/proc/self/limits")).ToString();
    }

    // Names, states and numbers: of the command only how many words it has.
    private static string Processes(IReadOnlyList<ProcessView> processes)
    {
        var text = new StringBuilder();
        foreach (var one in processes)
        {
            text.Append(
                CultureInfo.InvariantCulture,
                $"{one.Id} {one.Ns}/{one.Name} {one.StatusText} run {one.Run} restarts {one.Restarts} pid {one.Pid} restart {one.Restart} pty {one.Pty} words {one.Command.Count} head {one.Log?.Head} bytes {one.Log?.Bytes}\n"
            );
        }

        return text.ToString();
    }

    /// <summary>Puts something else for what tells who and where this is.</summary>
    private sealed class Redaction(string home)
    {
        private readonly (string What, string Instead)[] _all =
        [
            (home, "<home>"),
            (Environment.GetEnvironmentVariable("HOME") ?? "", "~"),
            (Environment.MachineName, "<machine>"),
            (Environment.UserName, "<user>"),
        ];

        public string Apply(string text)
        {
            // A word as short as "vm" or "me" stands in too many others; root is nobody's name.
            foreach (
                var (what, instead) in _all.Where(one => one.What.Length > 3 && one.What != "root")
            )
            {
                text = text.Replace(what, instead, StringComparison.Ordinal);
            }

            return text;
        }
    }
}
