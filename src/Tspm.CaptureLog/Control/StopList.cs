namespace Tspm.CaptureLog.Control;

/// <summary>What is being stopped, in this order.</summary>
/// <param name="Runs">The newest first.</param>
public sealed record StopList(IReadOnlyList<StoppingRun> Runs)
{
    /// <summary>The frame.</summary>
    public ReadOnlyMemory<byte> Encode(uint id)
    {
        var writer = new ControlWriter().U32((uint)Runs.Count);
        foreach (var run in Runs)
        {
            writer.U32(run.Process).U32(run.Run).U32(run.Pid).U32(run.GraceMs).Text(run.Program);
        }

        return writer.Finish(ControlKind.StopAllReply, id);
    }

    /// <summary>Reads a body; null if it is not one.</summary>
    public static StopList? Decode(ReadOnlySpan<byte> body)
    {
        var fields = new ControlReader(body);
        var count = fields.U32();
        var runs = new List<StoppingRun>();
        for (var i = 0u; i < count && fields.IsGood; i++)
        {
            runs.Add(
                new StoppingRun(
                    fields.U32(),
                    fields.U32(),
                    fields.U32(),
                    fields.U32(),
                    fields.Text()
                )
            );
        }

        return fields.IsGood ? new StopList(runs) : null;
    }
}

/// <summary>A run that was asked to end.</summary>
/// <param name="Process">The process.</param>
/// <param name="Run">The run.</param>
/// <param name="Pid">The leader.</param>
/// <param name="GraceMs">Time until SIGKILL.</param>
/// <param name="Program">The first word of its command.</param>
public readonly record struct StoppingRun(
    uint Process,
    uint Run,
    uint Pid,
    uint GraceMs,
    string Program
);
