using System.Text.Json;
using System.Text.Json.Serialization;
using Tspm.Daemon.Supervision;

namespace Tspm.Daemon.Persistence;

/// <summary>The saved list.</summary>
internal sealed record ProcessList
{
    /// <summary>The format this code writes.</summary>
    public const int CurrentFormat = 1;

    /// <summary>Format of the file.</summary>
    public int Format { get; init; } = CurrentFormat;

    /// <summary>The id of the next new process.</summary>
    public uint NextId { get; init; } = 1;

    /// <summary>The keeper whose list this is, by pid and start time: with another one nothing is started by surprise.</summary>
    public string? Keeper { get; init; }

    /// <summary>Which home this list is of (<see cref="Tspm.CaptureLog.HomeIdentity"/>): a copy of it starts nothing either. Older lists do not tell.</summary>
    public string? Home { get; init; }

    /// <summary>The processes, by id.</summary>
    public IReadOnlyList<ProcessRecord> Processes { get; init; } = [];
}

/// <summary>Source-generated JSON of the list.</summary>
[JsonSourceGenerationOptions(
    JsonSerializerDefaults.Web,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull
)]
[JsonSerializable(typeof(ProcessList))]
internal sealed partial class ProcessListJson : JsonSerializerContext;
