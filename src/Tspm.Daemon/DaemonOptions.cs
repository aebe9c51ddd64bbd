using Tspm.CaptureLog;
using Tspm.Logs;

namespace Tspm.Daemon;

/// <summary>How a daemon runs.</summary>
public sealed record DaemonOptions
{
    /// <summary>Its home.</summary>
    public required HomePaths Home { get; init; }

    /// <summary>Version told to clients.</summary>
    public required string Version { get; init; }

    /// <summary>Build told to clients.</summary>
    public required string BuildId { get; init; }

    /// <summary>How a keeper is started in place of one that died; empty: none is started.</summary>
    public IReadOnlyList<string> KeeperCommand { get; init; } = [];

    /// <summary>How this binary's <c>__exec</c> is called, which limits a program and becomes it.</summary>
    public IReadOnlyList<string> ExecCommand { get; init; } = [];

    /// <summary>Start what ran when the machine or tspm ended.</summary>
    public bool Resurrect { get; init; }

    /// <summary>The limits of all logs.</summary>
    public LogStoreOptions Logs { get; init; } = new();

    /// <summary>How long the output of an ended run is waited for, if somebody still holds its pipe.</summary>
    public TimeSpan Drain { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>The same if the next run waits for it.</summary>
    public TimeSpan ShortDrain { get; init; } = TimeSpan.FromMilliseconds(100);

    /// <summary>A process of <c>tspm run</c> is forgotten so long after its end, if its client has not done so.</summary>
    public TimeSpan TemporaryLinger { get; init; } = TimeSpan.FromSeconds(30);
}
