namespace Tspm.Protocol.Messages;

/// <summary>What is told to whom when something happens to a process.</summary>
public sealed record HookSpec
{
    /// <summary>The most hooks of a process.</summary>
    public const int MaxHooks = 16;

    /// <summary>Every event but those about hooks.</summary>
    public const string AllEvents = "all";

    /// <summary>Its name among the hooks of the process.</summary>
    public required string Name { get; init; }

    /// <summary>Which of <see cref="LogEvents"/>, or <c>all</c>. <c>failed</c> also means the end of a run after which it is given up.</summary>
    public required IReadOnlyList<string> On { get; init; }

    /// <summary><c>http://HOST:PORT/PATH</c> is sent the event by POST; null if a command is run.</summary>
    public string? Url { get; init; }

    /// <summary>Program and arguments, with the event in TSPM_EVENT; empty if a URL is called.</summary>
    public IReadOnlyList<string> Command { get; set; } = [];

    /// <summary>The longest that one try may take, ms.</summary>
    public int TimeoutMs { get; set; } = 10_000;

    /// <summary>How often it is tried in all, with a growing pause between.</summary>
    public int Tries { get; set; } = 4;
}

/// <summary>What a hook is sent.</summary>
/// <param name="V">Version of this message.</param>
/// <param name="At">When it happened, RFC 3339 UTC.</param>
/// <param name="Id">The process.</param>
/// <param name="Ns">Its namespace.</param>
/// <param name="Name">Its name.</param>
/// <param name="Event">What happened.</param>
public sealed record HookMessage(int V, string At, uint Id, string Ns, string Name, LogEvent Event);
