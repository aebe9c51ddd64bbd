using Tspm.CaptureLog;
using Tspm.Daemon.Ipc;
using Tspm.Daemon.Persistence;
using Tspm.Daemon.Supervision;
using Tspm.Logs.Archive;
using Tspm.Protocol.Messages;

namespace Tspm.Daemon.Archive;

/// <summary>The logs of an old home, by the list that it has; a log that the list does not name has its id for a name.</summary>
internal sealed class ArchiveCatalog : ILogCatalog
{
    private readonly IReadOnlyList<ProcessRecord> _records;
    private ArchivedLogs? _logs;

    private ArchiveCatalog(IReadOnlyList<ProcessRecord> records, string? problem)
    {
        _records = records;
        Problem = problem;
    }

    /// <summary>What is wrong with the list; null if nothing is.</summary>
    public string? Problem { get; }

    /// <summary>Reads the list of a home, its older copy if need be, and touches neither.</summary>
    /// <exception cref="IOException">The home cannot be read.</exception>
    public static ArchiveCatalog Read(HomePaths home)
    {
        var records = new List<ProcessRecord>();
        string? problem = null;
        foreach (var path in new[] { home.ProcessList, home.ProcessList + ".1" })
        {
            if (!File.Exists(path))
            {
                continue;
            }

            if (ProcessListFile.TryRead(path, out var list, out var fault))
            {
                records.AddRange(list.Processes);
                break;
            }

            problem ??= $"{path}: {fault}";
        }

        var ids = LogArchive.ListProcesses(home);
        records.RemoveAll(record => !ids.Contains(record.Id));
        var unnamed = ids.Where(id => records.TrueForAll(record => record.Id != id));
        records.AddRange(unnamed.ToList().Select(Unnamed));
        return new ArchiveCatalog([.. records.OrderBy(record => record.Id)], problem);
    }

    /// <summary>What the list keeps of a process; null if it has none.</summary>
    public ProcessRecord? RecordOf(uint process) =>
        _records.FirstOrDefault(record => record.Id == process);

    /// <summary>The processes that selectors mean.</summary>
    public bool TrySelect(
        IReadOnlyList<string> selectors,
        out IReadOnlyList<ProcessRecord> found,
        out SelectionError? error
    ) =>
        Selection.TrySelect(
            _records,
            record => record,
            selectors,
            isChange: false,
            out found,
            out error
        );

    /// <summary>From now on these are the logs.</summary>
    public void Use(ArchivedLogs logs)
    {
        _logs = logs;
        foreach (var record in _records)
        {
            if (logs.Find(record.Id) is { } writer)
            {
                writer.Log.Redaction = Redactions.Of(record.Spec);
            }
        }
    }

    /// <inheritdoc/>
    public CatalogLog? Find(uint process) =>
        RecordOf(process) is { } record && _logs?.Find(process) is { } writer
            ? new CatalogLog(record, writer.Log)
            : null;

    /// <inheritdoc/>
    public bool TrySelect(
        IReadOnlyList<string> selectors,
        out IReadOnlyList<CatalogLog> found,
        out SelectionError? error
    )
    {
        var isMeant = TrySelect(selectors, out IReadOnlyList<ProcessRecord> records, out error);
        found = [.. records.Select(record => Find(record.Id)).OfType<CatalogLog>()];
        return isMeant;
    }

    private static ProcessRecord Unnamed(uint id)
    {
        var name = id.ToString(System.Globalization.CultureInfo.InvariantCulture);
        return new ProcessRecord
        {
            Id = id,
            Uid = Guid.Empty,
            Spec = new ProcessSpec
            {
                Name = name,
                Command = [],
                Cwd = "/",
            },
        };
    }
}
