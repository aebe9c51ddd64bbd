using Tspm.CaptureLog;
using Tspm.Keeper.Capture;

namespace Tspm.Keeper.Children;

/// <summary>What outlives a run while the process has any: the ends of its two streams, and who feeds them.</summary>
internal sealed class KeptProcess(uint id, ProcessFiles files, CaptureThread thread)
{
    private readonly DataFileWriter?[] _writers = new DataFileWriter?[2];
    private readonly CapturedStream?[] _feeders = new CapturedStream?[2];

    /// <summary>Its id.</summary>
    public uint Id { get; } = id;

    /// <summary>Its data files.</summary>
    public ProcessFiles Files { get; } = files;

    /// <summary>The thread that captures all its streams.</summary>
    public CaptureThread Thread { get; } = thread;

    /// <summary>The end of one of its streams; opened at the first need.</summary>
    /// <param name="kind">Which one.</param>
    /// <param name="sync">Syncs it from then on.</param>
    /// <param name="from">Everything before this offset has been numbered.</param>
    /// <param name="goesOn">A pipe feeds it already.</param>
    public DataFileWriter WriterOf(
        StreamKind kind,
        SyncThread sync,
        ulong from = 0,
        bool goesOn = false
    )
    {
        ref var writer = ref _writers[(int)kind];
        if (writer is null || writer.End < from)
        {
            if (writer is not null)
            {
                writer.Leave(sync);
            }

            writer = DataFileWriter.Open(new StreamName(kind, 0), Files, from, goesOn);
            sync.Add(writer);
        }

        return writer;
    }

    /// <summary>The run before may still feed a stream: its pipe is drained, and if it stays open goes on in a stream of its own.</summary>
    public void FreeStream(StreamKind kind)
    {
        if (_feeders[(int)kind] is { HasEnded: false } feeder)
        {
            Thread.LeaveToOrphan(feeder);
        }

        _feeders[(int)kind] = null;
    }

    /// <summary>From now on this pipe feeds the stream.</summary>
    public void Feed(CapturedStream stream) => _feeders[(int)stream.Kind] = stream;

    /// <summary>The process has no run left.</summary>
    public void Close(SyncThread sync)
    {
        foreach (var writer in _writers)
        {
            writer?.Leave(sync);
        }

        Files.Rest();
    }
}
