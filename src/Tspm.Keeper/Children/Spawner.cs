using System.Buffers.Binary;
using System.Runtime.InteropServices;
using Tspm.CaptureLog;
using Tspm.CaptureLog.Control;
using Tspm.CaptureLog.Spawning;
using Tspm.Keeper.Capture;
using Tspm.Keeper.Interop;
using Tspm.Keeper.Journal;

namespace Tspm.Keeper.Children;

/// <summary>The one way a program is started: pipes first, journal, posix_spawn, journal, capture.</summary>
/// <remarks>Control thread only.</remarks>
internal sealed class Spawner(
    HomePaths home,
    JournalWriter journal,
    SyncThread sync,
    LibC.ResourceLimit openFiles
)
{
    private const uint OwnerFile = 0x180;
    private const ushort TerminalRows = 24;
    private const ushort TerminalColumns = 80;
    private const uint PrivateMask = 0x3F;

    /// <summary>Where a spawn failed; the numbers are those of the journal.</summary>
    private enum Stage : uint
    {
        Directory = 1,
        Program = 2,
        Pipe = 3,
        Terminal = 4,
    }

    /// <summary>Starts a program.</summary>
    /// <param name="order">What to start.</param>
    /// <param name="process">The process it belongs to.</param>
    /// <param name="prepared">Told before anything can live: its outputs are open.</param>
    /// <param name="entry">The run, if it lives.</param>
    public SpawnAnswer Spawn(
        SpawnOrder order,
        KeptProcess process,
        Action<RunEntry> prepared,
        out RunEntry? entry
    )
    {
        entry = null;
        var kinds =
            order.Flags.HasFlag(SpawnFlags.Pty) || order.Flags.HasFlag(SpawnFlags.Merge)
                ? [StreamKind.Out]
                : new[] { StreamKind.Out, StreamKind.Err };
        var run = new RunEntry(order);
        process.FreeStream(StreamKind.Out);
        process.FreeStream(StreamKind.Err);
        process.Files.Rules = order.Files;
        var failed =
            OpenStreams(order, process, kinds, run, out var terminal) ?? OpenInput(order, run);
        CrashPoint.Pass(CrashPoint.AfterPipes);
        Announce(order, process, kinds, run);
        CrashPoint.Pass(CrashPoint.AfterIntent);
        if (failed is null)
        {
            prepared(run);
            failed = Start(order, terminal, run);
        }

        if (failed is { } answer)
        {
            return Fail(order, run, answer);
        }

        foreach (var stream in run.Streams)
        {
            process.Feed(stream);
            process.Thread.Add(stream);
        }

        run.HoldInput();
        entry = run;
        return new SpawnAnswer(0, 0, (uint)run.Pid, run.StartTime);
    }

    private SpawnAnswer? OpenInput(SpawnOrder order, RunEntry run)
    {
        const SpawnFlags kinds = SpawnFlags.Stdin | SpawnFlags.Pty;
        var errno =
            (order.Flags & kinds) == SpawnFlags.Stdin
                ? run.MakeInput(home.InputPipe(order.Process, order.Run))
                : 0;
        return errno == 0 ? null : new SpawnAnswer((uint)errno, (uint)Stage.Pipe, 0, 0);
    }

    private SpawnAnswer? OpenStreams(
        SpawnOrder order,
        KeptProcess process,
        StreamKind[] kinds,
        RunEntry run,
        out string? terminal
    )
    {
        terminal = null;
        foreach (var kind in kinds)
        {
            string? pipe = null;
            int descriptor;
            if (order.Flags.HasFlag(SpawnFlags.Pty))
            {
                descriptor = OpenTerminal(out terminal);
            }
            else
            {
                pipe = home.NamedPipe(order.Process, order.Run, kind);
                descriptor = OpenPipe(pipe);
            }

            if (descriptor < 0)
            {
                var stage = pipe is null ? Stage.Terminal : Stage.Pipe;
                return new SpawnAnswer((uint)LibC.LastError, (uint)stage, 0, 0);
            }

            run.OpenStreams++;
            run.Streams.Add(
                new CapturedStream
                {
                    Descriptor = descriptor,
                    Kind = kind,
                    Process = order.Process,
                    Run = order.Run,
                    PipePath = pipe,
                    Target = process.WriterOf(
                        kind,
                        sync,
                        kind == StreamKind.Err ? order.ErrFrom : order.OutFrom
                    ),
                    IsCopied = pipe is null,
                    Flags = FlagsOf(order),
                    Ended = stream => StreamEnded(run, stream),
                }
            );
        }

        return null;
    }

    private void StreamEnded(RunEntry run, CapturedStream stream)
    {
        Interlocked.Decrement(ref run.OpenStreams);
        if (stream.Target.Stream.OrphanRun != 0)
        {
            stream.Target.Leave(sync);
        }
    }

    private static int OpenPipe(string path)
    {
        _ = LibC.unlink(path);
        return LibC.mkfifo(path, OwnerFile) != 0
            ? -1
            : LibC.open(path, LibC.ReadOnly | LibC.NonBlock | LibC.CloseOnExec, 0);
    }

    private static unsafe int OpenTerminal(out string? slave)
    {
        const int longestName = 128;
        slave = null;
        var master = LibC.open(
            "/dev/ptmx",
            LibC.ReadWrite | LibC.NonBlock | LibC.CloseOnExec | LibC.NoControllingTerminal,
            0
        );
        if (master < 0)
        {
            return -1;
        }

        var name = stackalloc byte[longestName];
        if (LibC.unlockpt(master) != 0 || LibC.ptsname_r(master, name, longestName) != 0)
        {
            LibC.close(master);
            return -1;
        }

        LibC.SetTerminalSize(master, TerminalRows, TerminalColumns);
        slave = Marshal.PtrToStringUTF8((nint)name);
        return master;
    }

    /// <summary>Journals the intent and where the run's bytes begin, before anything can live.</summary>
    private void Announce(SpawnOrder order, KeptProcess process, StreamKind[] kinds, RunEntry run)
    {
        Span<byte> id = stackalloc byte[16];
        order.RunId.TryWriteBytes(id, bigEndian: true, out _);
        var records = new JournalRecord[1 + kinds.Length];
        records[0] = RecordOf(order, JournalRecordKind.SpawnIntent, StreamKind.Event);
        records[0].A = BinaryPrimitives.ReadUInt64LittleEndian(id);
        records[0].B = BinaryPrimitives.ReadUInt64LittleEndian(id[8..]);
        records[0].C = order.GraceMs | ((ulong)order.StopSignal << 32);
        for (var i = 0; i < kinds.Length; i++)
        {
            records[1 + i] = RecordOf(order, JournalRecordKind.StreamBegin, kinds[i]);
            records[1 + i].A = process.WriterOf(kinds[i], sync).End;
            (records[1 + i].B, records[1 + i].C) = order.Files.Pack();
        }

        journal.Append(run.Records, records);
    }

    private SpawnAnswer? Start(SpawnOrder order, string? terminal, RunEntry run)
    {
        var directory = LibC.open(
            order.Cwd,
            LibC.ReadOnly | OpenFlag.DirectoryOnly | LibC.CloseOnExec,
            0
        );
        if (directory < 0 && LibC.LastError != LibC.AccessDenied)
        {
            return new SpawnAnswer((uint)LibC.LastError, (uint)Stage.Directory, 0, 0);
        }

        _ = LibC.close(directory);
        if (LibC.access(order.Cwd, 1) != 0)
        {
            return new SpawnAnswer((uint)LibC.LastError, (uint)Stage.Directory, 0, 0);
        }

        var errno = ProgramPath.Find(order.Command[0], order.Cwd, order.Env, out var program);
        if (errno != 0)
        {
            return new SpawnAnswer((uint)errno, (uint)Stage.Program, 0, 0);
        }

        using var spawn = new PosixSpawn();
        DescribeFiles(spawn, order, terminal, run.InputPath);
        errno = StartAsCaller(spawn, order, program, out var pid);
        if (errno != 0)
        {
            return new SpawnAnswer((uint)errno, (uint)Stage.Program, 0, 0);
        }

        CrashPoint.Pass(CrashPoint.AfterSpawn);
        run.Pid = pid;

        // Not reaped yet, so it has a line there even if it has ended.
        run.StartTime = ProcessStat.Read(pid)?.StartTime ?? 0;
        var spawned = RecordOf(order, JournalRecordKind.Spawned, StreamKind.Event);
        spawned.A = (ulong)pid;
        spawned.B = run.StartTime;
        journal.Append(run.Records, spawned);
        return null;
    }

    private void DescribeFiles(PosixSpawn spawn, SpawnOrder order, string? terminal, string? input)
    {
        if (terminal is not null)
        {
            // A session leader without a terminal gets this one as its own by opening it.
            spawn.Open(0, terminal, LibC.ReadWrite);
            spawn.Copy(0, 1);
            spawn.Copy(0, 2);
            return;
        }

        // Opened for reading too, so that nobody's death is a broken pipe to the program.
        var mode = order.Flags.HasFlag(SpawnFlags.WriteOnly) ? LibC.WriteOnly : LibC.ReadWrite;
        spawn.Open(0, input ?? "/dev/null", LibC.ReadOnly);
        spawn.Open(1, home.NamedPipe(order.Process, order.Run, StreamKind.Out), mode);
        if (order.Flags.HasFlag(SpawnFlags.Merge))
        {
            spawn.Copy(1, 2);
        }
        else
        {
            spawn.Open(2, home.NamedPipe(order.Process, order.Run, StreamKind.Err), mode);
        }
    }

    /// <summary>Mask and limit are the caller's for the moment of the spawn; all files of ours are made with exact modes.</summary>
    private int StartAsCaller(PosixSpawn spawn, SpawnOrder order, string program, out int pid)
    {
        var own = LibC.GetOpenFiles();
        var wanted = order.OpenFiles > 0 ? order.OpenFiles : openFiles.Soft;
        var environment = order.Env.Where(entry => !Control.OwnEnvironment.IsOurs(entry));
        try
        {
            _ = LibC.umask(order.Umask & 0x1FF);
            LibC.SetOpenFiles(own with { Soft = Math.Min(wanted, own.Hard) });
            return spawn.Start(
                program,
                order.Cwd,
                order.Command,
                [.. environment, $"TSPM_RUN={order.RunId}"],
                out pid
            );
        }
        finally
        {
            LibC.SetOpenFiles(own);
            _ = LibC.umask(PrivateMask);
        }
    }

    private SpawnAnswer Fail(SpawnOrder order, RunEntry run, SpawnAnswer answer)
    {
        foreach (var stream in run.Streams)
        {
            LibC.close(stream.Descriptor);
            if (stream.PipePath is { } path)
            {
                LibC.unlink(path);
            }
        }

        run.CloseInput();
        var failed = RecordOf(order, JournalRecordKind.SpawnFailed, StreamKind.Event);
        failed.A = answer.Errno;
        failed.B = answer.Stage;
        journal.Append(ref failed);
        return answer;
    }

    private static JournalRecord RecordOf(
        SpawnOrder order,
        JournalRecordKind kind,
        StreamKind stream
    ) =>
        new()
        {
            Kind = kind,
            Stream = stream,
            Flags = FlagsOf(order),
            Process = order.Process,
            Run = order.Run,
        };

    private static JournalFlags FlagsOf(SpawnOrder order) =>
        order.Flags.HasFlag(SpawnFlags.Pty) ? JournalFlags.Pty
        : order.Flags.HasFlag(SpawnFlags.Merge) ? JournalFlags.Merged
        : JournalFlags.None;
}
