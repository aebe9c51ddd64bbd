namespace Tspm.CaptureLog.Control;

/// <summary>Everything the keeper must know to start a program and, alone, to stop it.</summary>
public sealed record SpawnOrder
{
    /// <summary>The process.</summary>
    public required uint Process { get; init; }

    /// <summary>The run.</summary>
    public required uint Run { get; init; }

    /// <summary>Its identity, given to the program as TSPM_RUN.</summary>
    public required Guid RunId { get; init; }

    /// <summary>How its output is captured.</summary>
    public SpawnFlags Flags { get; init; }

    /// <summary>Working directory, absolute.</summary>
    public required string Cwd { get; init; }

    /// <summary>Program and arguments; a program without a slash is looked up in the PATH of <see cref="Env"/>.</summary>
    public required IReadOnlyList<string> Command { get; init; }

    /// <summary>The environment as NAME=value.</summary>
    public IReadOnlyList<string> Env { get; init; } = [];

    /// <summary>File mode mask.</summary>
    public uint Umask { get; init; }

    /// <summary>Soft limit of open files; 0 leaves the one the keeper was started with.</summary>
    public ulong OpenFiles { get; init; }

    /// <summary>The signal that asks it to end.</summary>
    public uint StopSignal { get; init; } = 15;

    /// <summary>Time until SIGKILL, ms.</summary>
    public uint GraceMs { get; init; } = 10_000;

    /// <summary>How large its data files become.</summary>
    public LogFileRules Files { get; init; } = LogFileRules.Default;

    /// <summary>Everything before this offset of out is numbered: its bytes begin there if its files end earlier.</summary>
    public ulong OutFrom { get; init; }

    /// <summary>The same of err.</summary>
    public ulong ErrFrom { get; init; }

    /// <summary>The frame.</summary>
    public ReadOnlyMemory<byte> Encode(uint id) =>
        new ControlWriter()
            .U32(Process)
            .U32(Run)
            .Id(RunId)
            .U32((uint)Flags)
            .Text(Cwd)
            .Texts(Command)
            .Texts(Env)
            .U32(Umask)
            .U64(OpenFiles)
            .U32(StopSignal)
            .U32(GraceMs)
            .U64(Files.FileBytes)
            .U64(Files.MaxBytes)
            .U32(Files.MustBlock ? 1u : 0)
            .U64(OutFrom)
            .U64(ErrFrom)
            .Finish(ControlKind.Spawn, id);

    /// <summary>Reads a body; null if it is not one.</summary>
    public static SpawnOrder? Decode(ReadOnlySpan<byte> body)
    {
        var fields = new ControlReader(body);
        var order = new SpawnOrder
        {
            Process = fields.U32(),
            Run = fields.U32(),
            RunId = fields.Id(),
            Flags = (SpawnFlags)fields.U32(),
            Cwd = fields.Text(),
            Command = fields.Texts(),
            Env = fields.Texts(),
            Umask = fields.U32(),
            OpenFiles = fields.U64(),
            StopSignal = fields.U32(),
            GraceMs = fields.U32(),
        };
        if (fields.HasMore)
        {
            order = order with
            {
                Files = new LogFileRules(fields.U64(), fields.U64(), fields.U32() != 0),
                OutFrom = fields.U64(),
                ErrFrom = fields.U64(),
            };
        }

        return
            fields.IsGood
            && order is { Process: > 0, Run: > 0, Command.Count: > 0, Files.IsSane: true }
            ? order
            : null;
    }
}

/// <summary>How the output of a program is captured.</summary>
[Flags]
public enum SpawnFlags : uint
{
    /// <summary>Two pipes, opened for reading and writing.</summary>
    None = 0,

    /// <summary>A terminal.</summary>
    Pty = 1,

    /// <summary>One pipe for both outputs.</summary>
    Merge = 2,

    /// <summary>The program's ends are opened for writing only.</summary>
    WriteOnly = 4,

    /// <summary>Its stdin is a named pipe; a terminal has one anyway.</summary>
    Stdin = 8,
}

/// <summary>What became of a spawn.</summary>
/// <param name="Errno">0 if it lives.</param>
/// <param name="Stage">Where it failed; the numbers are those of the spawnFailed record.</param>
/// <param name="Pid">The leader.</param>
/// <param name="StartTime">Its start time, clock ticks.</param>
public readonly record struct SpawnAnswer(uint Errno, uint Stage, uint Pid, ulong StartTime)
{
    /// <summary>The frame.</summary>
    public ReadOnlyMemory<byte> Encode(uint id) =>
        new ControlWriter()
            .U32(Errno)
            .U32(Stage)
            .U32(Pid)
            .U64(StartTime)
            .Finish(ControlKind.SpawnReply, id);

    /// <summary>Reads a body; null if it is not one.</summary>
    public static SpawnAnswer? Decode(ReadOnlySpan<byte> body)
    {
        var fields = new ControlReader(body);
        var answer = new SpawnAnswer(fields.U32(), fields.U32(), fields.U32(), fields.U64());
        return fields.IsGood ? answer : null;
    }
}

/// <summary>Send a signal to a run that was not reaped.</summary>
/// <param name="Process">The process.</param>
/// <param name="Run">The run.</param>
/// <param name="Signal">The signal number.</param>
/// <param name="ToGroup">To the whole group instead of the leader.</param>
public readonly record struct SignalOrder(uint Process, uint Run, uint Signal, bool ToGroup)
{
    /// <summary>The frame.</summary>
    public ReadOnlyMemory<byte> Encode(uint id) =>
        new ControlWriter()
            .U32(Process)
            .U32(Run)
            .U32(Signal)
            .U32(ToGroup ? 1u : 0)
            .Finish(ControlKind.Signal, id);

    /// <summary>Reads a body; null if it is not one.</summary>
    public static SignalOrder? Decode(ReadOnlySpan<byte> body)
    {
        var fields = new ControlReader(body);
        var order = new SignalOrder(fields.U32(), fields.U32(), fields.U32(), fields.U32() != 0);
        return fields.IsGood && order.Signal is >= 1 and <= 64 ? order : null;
    }
}
