using System.Numerics;

namespace Tspm.CaptureLog.Control;

/// <summary>Descriptors of a run, passed with the frame so that the other side holds them too; one per part, out first.</summary>
/// <param name="Process">The process.</param>
/// <param name="Run">The run.</param>
/// <param name="Parts">What is passed.</param>
public readonly record struct RunHold(uint Process, uint Run, HoldParts Parts)
{
    /// <summary>How many descriptors belong to the frame.</summary>
    public int Count => BitOperations.PopCount((uint)(Parts & HoldParts.All));

    /// <summary>The frame.</summary>
    public ReadOnlyMemory<byte> Encode() =>
        new ControlWriter().U32(Process).U32(Run).U32((uint)Parts).Finish(ControlKind.Hold, 0);

    /// <summary>Reads a body; null if it is not one.</summary>
    public static RunHold? Decode(ReadOnlySpan<byte> body)
    {
        var fields = new ControlReader(body);
        var hold = new RunHold(fields.U32(), fields.U32(), (HoldParts)fields.U32());
        return fields.IsGood && hold is { Process: > 0, Run: > 0 } ? hold : null;
    }
}

/// <summary>Parts of a run that have a descriptor.</summary>
[Flags]
public enum HoldParts : uint
{
    /// <summary>Nothing.</summary>
    None = 0,

    /// <summary>The read end of its stdout.</summary>
    Out = 1,

    /// <summary>The read end of its stderr.</summary>
    Err = 2,

    /// <summary>A pidfd of its leader.</summary>
    Leader = 4,

    /// <summary>The other side of its terminal, in place of both outputs.</summary>
    Terminal = 8,

    /// <summary>All of them.</summary>
    All = 15,
}
