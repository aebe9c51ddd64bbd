namespace Tspm.Protocol.Messages;

/// <summary>The environment that the selected processes are started with.</summary>
public sealed record EnvRequest
{
    /// <summary>Which ones.</summary>
    public IReadOnlyList<string> Select { get; set; } = [];

    /// <summary>Values that look like secrets too.</summary>
    public bool ShowSecrets { get; init; }
}

/// <summary>The answer to <see cref="EnvRequest"/>.</summary>
/// <param name="Processes">By id.</param>
public sealed record EnvReply(IReadOnlyList<ProcessEnv> Processes);

/// <summary>The environment of one process.</summary>
public sealed record ProcessEnv
{
    /// <summary>Its id.</summary>
    public required uint Id { get; init; }

    /// <summary>Its namespace.</summary>
    public required string Ns { get; init; }

    /// <summary>Its name.</summary>
    public required string Name { get; init; }

    /// <summary>NAME=value, by name; secrets masked unless they were asked for.</summary>
    public IReadOnlyList<string> Env { get; set; } = [];

    /// <summary>The names of those that it inherited.</summary>
    public IReadOnlyList<string> Inherited { get; set; } = [];

    /// <summary>The files that are read at each start.</summary>
    public IReadOnlyList<string> Files { get; set; } = [];

    /// <summary>Why the files are not in it; null if they are.</summary>
    public string? Problem { get; init; }
}
