namespace Tspm.CaptureLog.Control;

/// <summary>Who the keeper is and which runs it has.</summary>
/// <param name="Pid">Its pid.</param>
/// <param name="Build">Its build.</param>
/// <param name="Runs">All runs that have not ended completely.</param>
public sealed record KeeperHello(uint Pid, string Build, IReadOnlyList<KeptRun> Runs)
{
    /// <summary>The frame.</summary>
    public ReadOnlyMemory<byte> Encode(uint id)
    {
        var writer = new ControlWriter().U32(Pid).Text(Build).U32((uint)Runs.Count);
        foreach (var run in Runs)
        {
            writer
                .U32(run.Process)
                .U32(run.Run)
                .Id(run.RunId)
                .U32(run.Pid)
                .U64(run.StartTime)
                .U32(run.HasExited ? 1u : 0)
                .U32(run.OpenStreams);
        }

        return writer.Finish(ControlKind.HelloReply, id);
    }

    /// <summary>Reads a body; null if it is not one.</summary>
    public static KeeperHello? Decode(ReadOnlySpan<byte> body)
    {
        var fields = new ControlReader(body);
        var pid = fields.U32();
        var build = fields.Text();
        var count = fields.U32();
        var runs = new List<KeptRun>();
        for (var i = 0u; i < count && fields.IsGood; i++)
        {
            runs.Add(
                new KeptRun(
                    fields.U32(),
                    fields.U32(),
                    fields.Id(),
                    fields.U32(),
                    fields.U64(),
                    fields.U32() != 0,
                    fields.U32()
                )
            );
        }

        return fields.IsGood ? new KeeperHello(pid, build, runs) : null;
    }
}

/// <summary>A run that has not ended completely.</summary>
/// <param name="Process">The process.</param>
/// <param name="Run">The run.</param>
/// <param name="RunId">Its identity.</param>
/// <param name="Pid">The leader.</param>
/// <param name="StartTime">Its start time, clock ticks.</param>
/// <param name="HasExited">True if only its output is still open.</param>
/// <param name="OpenStreams">Streams that are open: bit 0 out, bit 1 err.</param>
public readonly record struct KeptRun(
    uint Process,
    uint Run,
    Guid RunId,
    uint Pid,
    ulong StartTime,
    bool HasExited,
    uint OpenStreams
);
