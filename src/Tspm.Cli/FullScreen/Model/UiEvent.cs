using System.Collections.Immutable;
using Tspm.Cli.FullScreen.Keys;
using Tspm.Protocol.Messages;

namespace Tspm.Cli.FullScreen.Model;

/// <summary>Something that happened.</summary>
internal abstract record UiEvent;

/// <summary>Somebody did something at the terminal.</summary>
internal sealed record KeyPressed(UiKey Key) : UiEvent;

/// <summary>The terminal has another size.</summary>
internal sealed record Resized(int Width, int Height) : UiEvent;

/// <summary>The list of processes, as it is now.</summary>
/// <param name="Processes">By id.</param>
/// <param name="AtMs">When, by a clock that only goes forward.</param>
internal sealed record ListArrived(IReadOnlyList<ProcessView> Processes, long AtMs) : UiEvent
{
    /// <summary>What the processes used lately, by id; what is not there is not known.</summary>
    public IReadOnlyDictionary<uint, ProcessSamples> Samples { get; init; } =
        ImmutableDictionary<uint, ProcessSamples>.Empty;
}

/// <summary>The daemon told about itself.</summary>
internal sealed record DaemonTold(StatusReply Status) : UiEvent;

/// <summary>The machine's load.</summary>
/// <param name="CpuPercent">Of all cores together, 0 to 100; NaN if it is not known.</param>
/// <param name="UsedBytes">Memory in use.</param>
internal sealed record HostTold(double CpuPercent, long UsedBytes) : UiEvent;

/// <summary>A log has grown.</summary>
internal sealed record HeadMoved(uint Id, long Head) : UiEvent;

/// <summary>A page that was asked for.</summary>
internal sealed record PageArrived(int Generation, FetchKind Kind, LoadedPage Page) : UiEvent;

/// <summary>A page did not come.</summary>
internal sealed record PageFailed(int Generation, uint Id, string Reason) : UiEvent;

/// <summary>All shown logs around one place.</summary>
/// <param name="Generation">The question's.</param>
/// <param name="Slices">One for each log.</param>
/// <param name="Target">Where to.</param>
internal sealed record PlaceArrived(
    int Generation,
    IReadOnlyDictionary<uint, LogSlice> Slices,
    LineKey Target
) : UiEvent;

/// <summary>A search found something, or nothing.</summary>
internal sealed record SearchEnded(int Generation, LogLine? Found, string What) : UiEvent;

/// <summary>What was asked for has been done, or has failed.</summary>
internal sealed record Told(string Text, bool IsError) : UiEvent;

/// <summary>The connection was lost, or is there again.</summary>
internal sealed record ConnectionMoved(bool IsUp, bool HasDaemonChanged) : UiEvent;
