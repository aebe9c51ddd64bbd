using SmartIpc.Client;

namespace Tspm.Client;

/// <summary>What a client throws: the daemon said no, or there is none.</summary>
public sealed class TspmException : Exception
{
    /// <summary>Makes one.</summary>
    /// <param name="code">A stable word, as "not-found" or "not-running".</param>
    /// <param name="message">What was tried, and why it failed.</param>
    /// <param name="hint">What to do; null if there is nothing.</param>
    /// <param name="inner">What caused it.</param>
    public TspmException(string code, string message, string? hint = null, Exception? inner = null)
        : base(message, inner)
    {
        Code = code;
        Hint = hint;
    }

    /// <summary>A stable word.</summary>
    public string Code { get; }

    /// <summary>What to do; null if there is nothing.</summary>
    public string? Hint { get; }

    internal static TspmException From(IpcException error) =>
        new(error.Code, error.Message, (error as IpcRequestException)?.Hint, error);
}
