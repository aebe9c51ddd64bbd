namespace Tspm.Cli.CommandLine;

/// <summary>Words that users of other tools type, for which tspm has no command: one line that helps, never a guess.</summary>
internal static class Habits
{
    /// <summary>What to say; null if the word is nobody's habit.</summary>
    public static string? HintFor(string word) =>
        word switch
        {
            "link" or "unlink" or "plus" or "deploy" or "publish" or "install" or "uninstall" =>
                $"tspm has no \"{word}\": it is a process manager for this machine, without a service behind it",
            "get" =>
                "tspm has no \"get\"; what runs: tspm list; all facts of one: tspm describe NAME",
            "exec" => "tspm has no \"exec\"; to run a program and wait for it: tspm run -- CMD",
            "create" or "apply" =>
                $"tspm has no \"{word}\"; to start a program: tspm start --name NAME -- CMD",
            "journal" or "journalctl" =>
                $"tspm has no \"{word}\"; what programs print: tspm logs NAME",
            "update" =>
                "tspm has no \"update\"; after a new binary is in place: tspm daemon restart",
            _ => null,
        };
}
