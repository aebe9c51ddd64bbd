using Tspm.Daemon.Supervision;
using Tspm.Logs;

namespace Tspm.Daemon.Ipc;

/// <summary>The logs that can be asked about: those of the processes that are supervised, or those of an old home.</summary>
internal interface ILogCatalog
{
    /// <summary>The log of a process; null if there is none.</summary>
    CatalogLog? Find(uint process);

    /// <summary>The logs that selectors mean; empty means all.</summary>
    bool TrySelect(
        IReadOnlyList<string> selectors,
        out IReadOnlyList<CatalogLog> found,
        out SelectionError? error
    );
}

/// <summary>A log and whose it is.</summary>
/// <param name="Record">What the list keeps of its process.</param>
/// <param name="Log">The log.</param>
internal sealed record CatalogLog(ProcessRecord Record, ProcessLog Log);

/// <summary>The logs of the processes that are supervised.</summary>
internal sealed class RegistryCatalog(ProcessRegistry registry) : ILogCatalog
{
    /// <inheritdoc/>
    public CatalogLog? Find(uint process) => registry.Find(process) is { } found ? Of(found) : null;

    /// <inheritdoc/>
    public bool TrySelect(
        IReadOnlyList<string> selectors,
        out IReadOnlyList<CatalogLog> found,
        out SelectionError? error
    )
    {
        var isMeant = registry.TrySelect(selectors, isChange: false, out var processes, out error);
        found = isMeant ? [.. processes.Select(Of)] : [];
        return isMeant;
    }

    private static CatalogLog Of(ProcessSupervisor process) => new(process.Record, process.Log.Log);
}
