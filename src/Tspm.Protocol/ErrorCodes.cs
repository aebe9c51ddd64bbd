namespace Tspm.Protocol;

/// <summary>The codes of error frames and of failed targets; stable.</summary>
public static class ErrorCodes
{
    /// <summary>A value of the request is wrong.</summary>
    public const string BadRequest = "bad-request";

    /// <summary>Nothing matches.</summary>
    public const string NotFound = "not-found";

    /// <summary>The name is taken, or means several.</summary>
    public const string Conflict = "conflict";

    /// <summary>The program could not be started.</summary>
    public const string SpawnFailed = "spawn-failed";

    /// <summary>The file system or the kernel refused.</summary>
    public const string Permission = "permission";

    /// <summary>It did not happen in time.</summary>
    public const string Timeout = "timeout";

    /// <summary>It was tried and failed.</summary>
    public const string Failed = "failed";

    /// <summary>The daemon is about to leave.</summary>
    public const string ShuttingDown = "shutting-down";
}
