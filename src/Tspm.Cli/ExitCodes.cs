namespace Tspm.Cli;

/// <summary>How a command ends; stable, and listed by <c>tspm help exit-codes</c>.</summary>
internal static class ExitCodes
{
    /// <summary>Done.</summary>
    public const int Done = 0;

    /// <summary>It was tried and failed.</summary>
    public const int Failed = 1;

    /// <summary>Unknown command or option, bad value.</summary>
    public const int Usage = 2;

    /// <summary>Nothing matched.</summary>
    public const int NotFound = 3;

    /// <summary>No daemon, and none could or should be started.</summary>
    public const int NoDaemon = 4;

    /// <summary>Permission refused: foreign home or socket, wrong mode.</summary>
    public const int Permission = 5;

    /// <summary>The name is taken or means several.</summary>
    public const int Conflict = 6;

    /// <summary>It did not happen in time.</summary>
    public const int Timeout = 7;

    /// <summary>A settings or configuration file is wrong.</summary>
    public const int Config = 8;

    /// <summary>Several targets, some failed.</summary>
    public const int Partly = 9;

    /// <summary>Entries could not be delivered, and <c>--fail-on-gap</c> was given.</summary>
    public const int Gap = 10;

    /// <summary>Client and daemon speak different protocols.</summary>
    public const int Version = 11;

    /// <summary>What is stored is damaged.</summary>
    public const int Damaged = 12;

    /// <summary>A signal ends with this plus its number; 141 when the reader of stdout went away.</summary>
    public const int Signal = 128;

    /// <summary>The reader of stdout went away.</summary>
    public const int BrokenPipe = Signal + 13;

    /// <summary>The code of the protocol that stands in the JSON of an error of the command line.</summary>
    public static string CodeOf(int exitCode) =>
        exitCode switch
        {
            Usage => "bad-request",
            NotFound => "not-found",
            NoDaemon => "not-running",
            Permission => "permission",
            Conflict => "conflict",
            Timeout => "timeout",
            Config => "config",
            Version => "version",
            _ => "failed",
        };

    /// <summary>The exit code for a code of the protocol.</summary>
    public static int Of(string code) =>
        code switch
        {
            "bad-request" or "invalid" => Usage,
            "not-found" => NotFound,
            "not-running" or "closed" or "busy" or "shutting-down" => NoDaemon,
            "permission" or "peer" => Permission,
            "conflict" => Conflict,
            "timeout" => Timeout,
            "version" => Version,
            _ => Failed,
        };
}
