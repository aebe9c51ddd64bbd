namespace Tspm.Cli.Commands;

/// <summary>Whether values that look like secrets are to be shown: only if it was said, and not by mistake into a file.</summary>
internal static class Secrets
{
    /// <summary>True if they are wanted.</summary>
    /// <exception cref="CliException">stdout is no terminal and nobody said --yes, or the answer is no.</exception>
    public static bool AreWanted(CliContext context)
    {
        if (!context.Invocation.Has("show-secrets"))
        {
            return false;
        }

        if (!context.OutputFacts.IsTerminal && !context.Invocation.Has("yes"))
        {
            throw new CliException(
                ExitCodes.Usage,
                "--show-secrets: stdout is no terminal; the secrets would stand wherever it goes",
                "add --yes",
                ErrorCode.NeedsConfirmation
            );
        }

        Confirmation.Require(context, "show secrets on this terminal?");
        return true;
    }
}
