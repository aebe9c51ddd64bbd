using System.Text;
using System.Text.Json;
using Tspm.CaptureLog;
using Tspm.Cli.CommandLine;
using Tspm.Cli.Launch.Exec;
using Tspm.Cli.Rendering;
using Tspm.Cli.Settings;
using Tspm.Cli.Terminal;
using Tspm.Client;

namespace Tspm.Cli;

/// <summary>The entry point: understands the command line, runs the command, turns what went wrong into words and an exit code.</summary>
internal static class Program
{
    private static async Task<int> Main(string[] args)
    {
        if (args is [ExecWords.Command, ..])
        {
            return ExecCommand.Run(args.AsSpan(1));
        }

        Invocation? invocation = null;
        try
        {
            invocation = new CommandParser(CommandTree.Commands, CommandTree.Global).Parse(args);
            invocation = SettingsDefaults.Apply(invocation, Environment.GetEnvironmentVariable);
            if (invocation.Has("help") && invocation.Command.Names[0].Length > 0)
            {
                return Help(invocation.Command);
            }

            // The parser only gives commands that can run.
            return await invocation.Command.Run!(invocation);
        }
        catch (OutputClosedException)
        {
            return ExitCodes.BrokenPipe;
        }
        catch (Exception error)
            when (error
                    is CliException
                        or TspmException
                        or IOException
                        or UnauthorizedAccessException
            )
        {
            return Explain(invocation, error);
        }
    }

    private static int Explain(Invocation? invocation, Exception error) =>
        error switch
        {
            CliException cli => Fail(
                invocation,
                cli.ExitCode,
                cli.Message,
                cli.Hint,
                cli.Code,
                ExitCodes.CodeOf(cli.ExitCode)
            ),
            TspmException told => Fail(
                invocation,
                ExitCodes.Of(told.Code),
                told.Message,
                told.Hint,
                ErrorCode.OfProtocol(told.Code),
                told.Code
            ),
            UnauthorizedAccessException => Fail(
                invocation,
                ExitCodes.Permission,
                error.Message,
                null,
                ErrorCode.Permission,
                "permission"
            ),
            _ => Fail(invocation, ExitCodes.Failed, error.Message, null, ErrorCode.Files, "failed"),
        };

    private static int Help(CommandSpec command)
    {
        var output = new OutputFile(1);
        output.Write(Encoding.UTF8.GetBytes(HelpText.Of(command, CommandTree.PathOf(command))));
        output.Flush();
        return ExitCodes.Done;
    }

    private static int Fail(
        Invocation? invocation,
        int exitCode,
        string message,
        string? hint,
        string code,
        string reason
    )
    {
        // Words that come from elsewhere, a name, a path, may hold anything.
        message = TerminalSanitizer.Clean(message);
        hint = hint is null
            ? null
            : string.Join("\n  ", hint.Split('\n').Select(TerminalSanitizer.Clean));
        var shownCode = invocation is not null && invocation.Has("verbose") ? $" [{code}]" : "";
        var text = $"tspm: {message}{shownCode}\n" + (hint is null ? "" : $"  {hint}\n");
        if (
            invocation is not null
            && (invocation.Has("json") || invocation.Value("output") is "json" or "jsonl")
        )
        {
            var words = JsonEncodedText.Encode(message);
            var advice = hint is null ? "" : $",\"hint\":\"{JsonEncodedText.Encode(hint)}\"";
            text =
                $"{{\"v\":1,\"kind\":\"error\",\"code\":\"{code}\",\"reason\":\"{reason}\",\"exitCode\":{exitCode},\"message\":\"{words}\"{advice}}}\n";
        }

        try
        {
            var errors = new OutputFile(2, 4096);
            errors.Write(Encoding.UTF8.GetBytes(text));
            errors.Flush();
        }
        catch (IOException)
        {
            // stderr is closed: the exit code says what there is to say.
        }

        return exitCode;
    }
}
