namespace Tspm.Cli;

/// <summary>A command cannot go on: what failed and why, what to do, and how to end.</summary>
internal sealed class CliException(
    int exitCode,
    string message,
    string? hint = null,
    string? code = null
) : Exception(message)
{
    /// <summary>One of <see cref="ExitCodes"/>.</summary>
    public int ExitCode { get; } = exitCode;

    /// <summary>What to do; null if there is nothing.</summary>
    public string? Hint { get; } = hint;

    /// <summary>One of <see cref="ErrorCode"/>.</summary>
    public string Code { get; } = code ?? ErrorCode.OfExit(exitCode);
}
