namespace SmartIpc.Requests;

/// <summary>An expected no to a request or a subscription, as it goes over the wire.</summary>
/// <param name="Code">A short word that programs compare, as <c>not-found</c>.</param>
/// <param name="Message">What was tried, on what, and what the user can do.</param>
/// <param name="Hint">A command that helps, if there is one.</param>
public sealed record IpcError(string Code, string Message, string? Hint = null);

/// <summary>The codes that SmartIpc itself gives in error frames; handlers add their own.</summary>
public static class IpcErrorCodes
{
    /// <summary>The payload of the request cannot be read.</summary>
    public const string Invalid = "invalid";

    /// <summary>There is no handler for the method number.</summary>
    public const string UnknownMethod = "unknown-method";

    /// <summary>The connection has too many open requests, or the server too many subscriptions.</summary>
    public const string Busy = "busy";

    /// <summary>The handler failed.</summary>
    public const string Internal = "internal";

    /// <summary>The request was cancelled by the client.</summary>
    public const string Cancelled = "cancelled";

    /// <summary>The topic or the thing asked for does not exist.</summary>
    public const string NotFound = "not-found";

    /// <summary>The reply is longer than the client takes.</summary>
    public const string TooLarge = "too-large";
}
