using Tspm.CaptureLog;
using Tspm.CaptureLog.Control;
using Tspm.Keeper.Capture;
using Tspm.Keeper.Interop;

namespace Tspm.Keeper.Children;

/// <summary>A run that has not ended completely: its leader lives, or its output is still open.</summary>
/// <remarks>Owned by the control thread; only the count of open streams is lowered by a capture thread.</remarks>
internal sealed class RunEntry(SpawnOrder order)
{
    /// <summary>Streams that are open.</summary>
    public int OpenStreams;

    /// <summary>What was ordered; the environment is dropped once it runs.</summary>
    public SpawnOrder Order { get; } = order with { Env = [] };

    /// <summary>The leader.</summary>
    public int Pid { get; set; }

    /// <summary>Its start time, clock ticks.</summary>
    public ulong StartTime { get; set; }

    /// <summary>Readable when the leader ends, closed then; −1 if there is none.</summary>
    public int PidDescriptor { get; set; } = -1;

    /// <summary>The name of its stdin, a pipe; null if it has none, or it was closed.</summary>
    public string? InputPath { get; set; }

    /// <summary>The write end of it, held so that nobody's death is an end of file to the program; −1 if there is none.</summary>
    public int InputDescriptor { get; set; } = -1;

    /// <summary>False if an older keeper started it: then its exit is found by its pidfd only.</summary>
    public bool IsChild { get; init; } = true;

    /// <summary>Monotonic time, ns, at which its end is no longer waited for to become known; 0 while it lives.</summary>
    public long ExitKnownBy { get; set; }

    /// <summary>True once the control loop watches <see cref="PidDescriptor"/>.</summary>
    public bool IsWatched { get; set; }

    /// <summary>True when the leader was reaped.</summary>
    public bool HasExited { get; set; }

    /// <summary>Its outputs.</summary>
    public List<CapturedStream> Streams { get; } = [];

    /// <summary>The records that tell of it at the start of a journal file; once it is in the table only the journal adds to it, under its gate.</summary>
    public List<JournalRecord> Records { get; } = [];

    /// <summary>True when nothing is left to wait for.</summary>
    public bool IsOver => HasExited && Volatile.Read(ref OpenStreams) == 0;

    /// <summary>Signals its leader or its group, and nobody else; 0 or the errno.</summary>
    public int Signal(int signal, bool toGroup)
    {
        if (PidDescriptor >= 0)
        {
            return LibC.SendSignal(PidDescriptor, Pid, signal, toGroup);
        }

        if (!IsChild)
        {
            return LibC.NoSuchProcess;
        }

        // Our child and not reaped yet, so the pid and the group can mean nobody else.
        return LibC.kill(toGroup ? -Pid : Pid, signal) == 0 ? 0 : LibC.LastError;
    }

    /// <summary>Makes the pipe of its stdin, and holds it for reading too until the program has opened it.</summary>
    /// <returns>0 or the errno.</returns>
    public int MakeInput(string path)
    {
        const uint ownerFile = 0x180;
        _ = LibC.unlink(path);
        if (LibC.mkfifo(path, ownerFile) != 0)
        {
            return LibC.LastError;
        }

        InputPath = path;
        InputDescriptor = LibC.open(path, LibC.ReadWrite | LibC.NonBlock | LibC.CloseOnExec, 0);
        return InputDescriptor < 0 ? LibC.LastError : 0;
    }

    /// <summary>The program reads it: from now on it is held for writing only, so that its end there is seen.</summary>
    public void HoldInput()
    {
        var both = InputDescriptor;
        if (InputPath is { } path)
        {
            InputDescriptor = LibC.open(path, LibC.WriteOnly | LibC.NonBlock | LibC.CloseOnExec, 0);
        }

        if (both >= 0)
        {
            LibC.close(both);
        }
    }

    /// <summary>Lets go of its stdin, and takes the name away.</summary>
    public void CloseInput()
    {
        if (InputPath is { } path)
        {
            LibC.unlink(path);
            InputPath = null;
        }

        if (InputDescriptor >= 0)
        {
            LibC.close(InputDescriptor);
            InputDescriptor = -1;
        }
    }

    /// <summary>How the daemon is told of it.</summary>
    public KeptRun ToKeptRun() =>
        new(Order.Process, Order.Run, Order.RunId, (uint)Pid, StartTime, HasExited, OpenBits());

    private uint OpenBits() =>
        Streams
            .Where(stream => !stream.HasEnded)
            .Aggregate(0u, (bits, stream) => bits | (1u << (int)stream.Kind));
}
