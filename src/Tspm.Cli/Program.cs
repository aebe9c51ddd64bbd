using System.Text;
using System.Text.Json;
using Tspm.Cli.CommandLine;
using Tspm.Cli.Terminal;
using Tspm.Client;

namespace Tspm.Cli;

/// <summary>The entry point: understands the command line, runs the command, turns what went wrong into words and an exit code.</summary>
internal static class Program
{
    private static async Task<int> Main(string[] args)
    {
        Invocation? invocation = null;
        try
        {
            invocation = new CommandParser(CommandTree.Commands, CommandTree.Global).Parse(args);
            if (invocation.Has("help") && invocation.Command.Names[0].Length > 0)
            {
                return Help(invocation.Command);
            }

            // The parser only gives commands that can run.
            return await invocation.Command.Run!(invocation);
        }
        catch (CliException error)
        {
            return Fail(
                invocation,
                error.ExitCode,
                error.Message,
                error.Hint,
                ExitCodes.CodeOf(error.ExitCode)
            );
        }
        catch (TspmException error)
        {
            return Fail(
                invocation,
                ExitCodes.Of(error.Code),
                error.Message,
                error.Hint,
                error.Code
            );
        }
        catch (OutputClosedException)
        {
            return ExitCodes.BrokenPipe;
        }
        catch (IOException error)
        {
            return Fail(invocation, ExitCodes.Failed, error.Message, null, "failed");
        }
        catch (UnauthorizedAccessException error)
        {
            return Fail(invocation, ExitCodes.Permission, error.Message, null, "permission");
        }
    }

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
        string code
    )
    {
        var text = $"tspm: {message}\n" + (hint is null ? "" : $"  {hint}\n");
        if (
            invocation is not null
            && (invocation.Has("json") || invocation.Value("output") is "json" or "jsonl")
        )
        {
            var words = JsonEncodedText.Encode(message);
            var advice = hint is null ? "" : $",\"hint\":\"{JsonEncodedText.Encode(hint)}\"";
            text =
                $"{{\"v\":1,\"kind\":\"error\",\"code\":\"{code}\",\"exitCode\":{exitCode},\"message\":\"{words}\"{advice}}}\n";
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
