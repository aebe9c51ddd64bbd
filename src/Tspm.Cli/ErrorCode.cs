namespace Tspm.Cli;

/// <summary>What an error is, for scripts and for the page about it; stable. docs/errors.md has a section for each.</summary>
/// <remarks>The first digit is the exit code; 10 and 11 begin with 10.</remarks>
internal static class ErrorCode
{
    /// <summary>It was tried and failed.</summary>
    public const string Failed = "TSPM1001";

    /// <summary>An output or a file cannot be written or read.</summary>
    public const string Files = "TSPM1002";

    /// <summary>The program could not be started.</summary>
    public const string SpawnFailed = "TSPM1003";

    /// <summary>The protocols of this command and the daemon do not overlap.</summary>
    public const string Version = "TSPM1011";

    /// <summary>There is no such command.</summary>
    public const string UnknownCommand = "TSPM2001";

    /// <summary>There is no such option.</summary>
    public const string UnknownOption = "TSPM2002";

    /// <summary>The value of an option or argument is not one that it takes.</summary>
    public const string BadValue = "TSPM2003";

    /// <summary>An option has no value, or one too many.</summary>
    public const string MissingValue = "TSPM2004";

    /// <summary>The command does not say on what.</summary>
    public const string MissingArgument = "TSPM2005";

    /// <summary>There are more arguments than the command takes.</summary>
    public const string TooManyArguments = "TSPM2006";

    /// <summary>An option was given twice with different values.</summary>
    public const string GivenTwice = "TSPM2007";

    /// <summary>Another tool's service, which tspm has not.</summary>
    public const string NoSuchService = "TSPM2008";

    /// <summary>It cannot be undone and nobody can be asked.</summary>
    public const string NeedsConfirmation = "TSPM2009";

    /// <summary>A time or duration cannot be understood.</summary>
    public const string BadTime = "TSPM2010";

    /// <summary>The daemon refused a value.</summary>
    public const string Refused = "TSPM2011";

    /// <summary>Nothing matches.</summary>
    public const string NotFound = "TSPM3001";

    /// <summary>No daemon runs, and none could or should be started.</summary>
    public const string NoDaemon = "TSPM4001";

    /// <summary>The connection to the daemon broke.</summary>
    public const string ConnectionLost = "TSPM4002";

    /// <summary>The home or socket belongs to another user, or is open to others.</summary>
    public const string Permission = "TSPM5001";

    /// <summary>The name is taken, or means several.</summary>
    public const string Conflict = "TSPM6001";

    /// <summary>It did not happen in time.</summary>
    public const string Timeout = "TSPM7001";

    /// <summary>The settings file is wrong.</summary>
    public const string BadSettings = "TSPM8001";

    /// <summary>The code of an error that only has an exit code.</summary>
    public static string OfExit(int exitCode) =>
        exitCode switch
        {
            ExitCodes.Usage => BadValue,
            ExitCodes.NotFound => NotFound,
            ExitCodes.NoDaemon => NoDaemon,
            ExitCodes.Permission => Permission,
            ExitCodes.Conflict => Conflict,
            ExitCodes.Timeout => Timeout,
            ExitCodes.Config => BadSettings,
            ExitCodes.Version => Version,
            _ => Failed,
        };

    /// <summary>The code for one of the protocol.</summary>
    public static string OfProtocol(string code) =>
        code switch
        {
            "bad-request" or "invalid" => Refused,
            "spawn-failed" => SpawnFailed,
            "closed" or "shutting-down" or "busy" => ConnectionLost,
            _ => OfExit(ExitCodes.Of(code)),
        };
}
