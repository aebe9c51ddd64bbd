using Tspm.Cli.Terminal;

namespace Tspm.Cli.Commands;

/// <summary>Asks before something is lost; outside a terminal --yes says so beforehand.</summary>
internal static class Confirmation
{
    /// <summary>Asks.</summary>
    /// <exception cref="CliException">The answer is no, or nobody can be asked.</exception>
    public static void Require(CliContext context, string question)
    {
        if (context.Invocation.Has("yes"))
        {
            return;
        }

        var isTerminal = TerminalFacts.Read(0, ColorChoice.Never, _ => null).IsTerminal;
        if (!isTerminal)
        {
            throw new CliException(
                ExitCodes.Usage,
                "this cannot be undone, and nobody can be asked here",
                "add --yes",
                ErrorCode.NeedsConfirmation
            );
        }

        context.Errors.Write(System.Text.Encoding.UTF8.GetBytes($"{question} [y/N] "));
        context.Errors.Flush();
        using var input = new FileStream(
            new Microsoft.Win32.SafeHandles.SafeFileHandle(0, ownsHandle: false),
            FileAccess.Read,
            1
        );
        using var reader = new StreamReader(input);
        if (reader.ReadLine()?.Trim() is not ("y" or "Y" or "yes"))
        {
            throw new CliException(ExitCodes.Failed, "nothing was done");
        }
    }
}
