using SmartIpc.Requests;

namespace SmartIpc.Client;

/// <summary>The connection failed, or there is none.</summary>
public class IpcException : Exception
{
    /// <summary>Makes one.</summary>
    /// <param name="code">A word of <see cref="IpcErrorCode"/>.</param>
    /// <param name="message">What was tried and what the user can do.</param>
    /// <param name="inner">What caused it.</param>
    public IpcException(string code, string message, Exception? inner = null)
        : base(message, inner) => Code = code;

    /// <summary>A word of <see cref="IpcErrorCode"/>.</summary>
    public string Code { get; }

    /// <summary>When the server said to come back; zero if it did not.</summary>
    public TimeSpan RetryAfter { get; init; }
}

/// <summary>The server answered a request with an error.</summary>
public sealed class IpcRequestException : IpcException
{
    /// <summary>Makes one.</summary>
    /// <param name="error">What the server said.</param>
    public IpcRequestException(IpcError error)
        : base(error.Code, error.Message) => Hint = error.Hint;

    /// <summary>A command that helps, if there is one.</summary>
    public string? Hint { get; }
}

/// <summary>The words of <see cref="IpcException.Code"/>.</summary>
public static class IpcErrorCode
{
    /// <summary>There is no socket, or nobody listens.</summary>
    public const string NotRunning = "not-running";

    /// <summary>The socket, its directory or the server belongs to another user.</summary>
    public const string Peer = "peer";

    /// <summary>The server speaks another protocol.</summary>
    public const string Version = "version";

    /// <summary>The server has too many connections.</summary>
    public const string Busy = "busy";

    /// <summary>The server is ending.</summary>
    public const string ShuttingDown = "shutting-down";

    /// <summary>No answer in time.</summary>
    public const string Timeout = "timeout";

    /// <summary>The connection is gone, or not up.</summary>
    public const string Closed = "closed";

    /// <summary>One side broke the protocol.</summary>
    public const string Protocol = "protocol";
}
