using Tspm.CaptureLog;
using Tspm.CaptureLog.Control;
using Tspm.Keeper.Capture;
using Tspm.Keeper.Children;
using Tspm.Keeper.Interop;

namespace Tspm.Keeper.Control;

/// <summary>Gives the daemon what it must hold so that a keeper's death costs nothing: pipes, terminals, a pidfd per leader.</summary>
internal static class RunHolds
{
    /// <summary>Sends a frame with descriptors, which stay the caller's.</summary>
    internal delegate void Sender(RunHold hold, ReadOnlySpan<int> descriptors);

    /// <summary>Before the spawn: from its first byte on the daemon holds its outputs too.</summary>
    public static void LendOutputs(RunEntry run, Sender send)
    {
        Span<int> descriptors = stackalloc int[2];
        var parts = HoldParts.None;
        var count = 0;
        foreach (var stream in run.Streams)
        {
            // No capture thread owns it yet.
            parts |= PartOf(stream);
            descriptors[count++] = stream.Descriptor;
        }

        send(new RunHold(run.Order.Process, run.Order.Run, parts), descriptors[..count]);
    }

    /// <summary>After the spawn.</summary>
    public static void LendLeader(RunEntry run, Sender send)
    {
        if (run.PidDescriptor >= 0)
        {
            send(
                new RunHold(run.Order.Process, run.Order.Run, HoldParts.Leader),
                [run.PidDescriptor]
            );
        }
    }

    /// <summary>To a daemon that is new: everything that is open.</summary>
    public static void LendAll(RunEntry run, KeptProcess process, Sender send)
    {
        Span<int> lent = stackalloc int[3];
        var count = 0;
        var parts = HoldParts.None;
        foreach (var stream in run.Streams)
        {
            var descriptor = stream.HasEnded ? -1 : Lend(stream, process);
            if (descriptor >= 0)
            {
                parts |= PartOf(stream);
                lent[count++] = descriptor;
            }
        }

        if (parts != HoldParts.None)
        {
            send(new RunHold(run.Order.Process, run.Order.Run, parts), lent[..count]);
        }

        foreach (var descriptor in lent[..count])
        {
            LibC.close(descriptor);
        }

        LendLeader(run, send);
    }

    /// <summary>A descriptor that the capture thread cannot close under us.</summary>
    private static int Lend(CapturedStream stream, KeptProcess process) =>
        stream.PipePath is { } pipe
            ? LibC.open(pipe, LibC.ReadOnly | LibC.NonBlock | LibC.CloseOnExec, 0)
            : process.Thread.Lend(stream);

    private static HoldParts PartOf(CapturedStream stream) =>
        stream.PipePath is null ? HoldParts.Terminal
        : stream.Kind == StreamKind.Err ? HoldParts.Err
        : HoldParts.Out;
}
