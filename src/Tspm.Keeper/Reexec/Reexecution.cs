using System.Globalization;
using Tspm.CaptureLog;
using Tspm.CaptureLog.Control;
using Tspm.Keeper.Capture;
using Tspm.Keeper.Children;
using Tspm.Keeper.Control;
using Tspm.Keeper.Interop;
using Tspm.Keeper.Journal;

namespace Tspm.Keeper.Reexec;

/// <summary>The keeper goes on as another program in the same process: it stays the parent of all programs, and nothing is closed that matters.</summary>
/// <remarks>
/// The capture threads stand between two turns and the journal is frozen, so every byte is in a pipe, or in a data file
/// with its record. If exec fails, everything goes on as it was.
/// </remarks>
internal sealed class Reexecution(
    KeeperOptions options,
    IReadOnlyList<CaptureThread> captures,
    JournalWriter journal,
    RunTable runs,
    KeeperState state
)
{
    private const int SigHup = 1;
    private const int SigInt = 2;
    private const int SigTerm = 15;

    /// <summary>The option by which the next program finds its state.</summary>
    public const string Option = "--handover";

    /// <summary>Goes on; returns only if that failed, with the reason.</summary>
    public string GoOnAs(
        IReadOnlyList<string> program,
        ControlSocket listener,
        ControlConnection? asker,
        uint askedId,
        ControlConnection? daemonConnection,
        DaemonKeeper daemon
    )
    {
        foreach (var capture in captures)
        {
            capture.Pause();
        }

        journal.Freeze();
        try
        {
            var handover = new Handover
            {
                Lock = state.Lock,
                Listener = listener.Descriptor,
                DaemonConnection = Hand(daemonConnection),
                Asker = Hand(asker),
                AskedId = askedId,
                Daemon = new HandedDaemon(
                    daemon.Pid,
                    daemon.IsChild,
                    daemon.IsServing,
                    daemon.Starts
                ),
                OpenFiles = state.OpenFiles.Soft,
                Since = state.Since,
                Reexecs = state.Reexecs + 1,
                Runs = [.. runs.Runs.Select(Hand)],
            };
            // What the next program could not read must not be the end of this one.
            return
                Handover.Decode(handover.Encode().Span[ControlFrame.HeaderBytes..]) is { } read
                && read.Runs.Count == handover.Runs.Count
                ? Execute(program, handover)
                : "its own state cannot be written down";
        }
        catch (Exception refused) when (refused is IOException or ArgumentException)
        {
            return refused.Message;
        }
        finally
        {
            journal.Thaw();
            foreach (var capture in captures)
            {
                capture.Resume();
            }
        }
    }

    private string Execute(IReadOnlyList<string> program, Handover handover)
    {
        var file = handover.Save();
        int[] open = [.. handover.Descriptors];
        List<string> command =
        [
            .. program,
            "keeper",
            "--home",
            options.Home.Root,
            Option,
            file.ToString(CultureInfo.InvariantCulture),
        ];
        if (options.Resurrect)
        {
            command.Add("--resurrect");
        }

        foreach (var descriptor in open)
        {
            LibC.SetCloseOnExec(descriptor, closes: false);
        }

        // The next program takes them again when it can handle them; until then they wait.
        LibC.HoldSignals(true, SigTerm, SigInt, SigHup);
        CrashPoint.Pass(CrashPoint.BeforeExec);
        var errno = LibC.Execute(command, OwnEnvironment.List(isForUs: true));
        LibC.HoldSignals(false, SigTerm, SigInt, SigHup);
        foreach (var descriptor in open)
        {
            LibC.SetCloseOnExec(descriptor, closes: true);
        }

        LibC.close(file);
        return System.Runtime.InteropServices.Marshal.GetPInvokeErrorMessage(errno);
    }

    private static HandedConnection Hand(ControlConnection? connection) =>
        connection is null
            ? HandedConnection.None
            : new HandedConnection(
                connection.Descriptor,
                connection.PeerPid,
                connection.Unread.ToArray()
            );

    private static HandedRun Hand(RunEntry run) =>
        new(
            run.Order with
            {
                // Of a run that was adopted by its journal the command is not known.
                Command = run.Order.Command.Count > 0 ? run.Order.Command : ["program"],
            },
            run.Pid,
            run.StartTime,
            run.HasExited,
            run.IsChild,
            run.Records,
            [
                .. run
                    .Streams.Where(stream => stream is { HasEnded: false, Descriptor: >= 0 })
                    .Select(stream => new HandedStream(
                        stream.Descriptor,
                        stream.Kind,
                        stream.Flags,
                        stream.IsCopied,
                        stream.PipeSize,
                        stream.Target.End,
                        stream.PipePath
                    )),
            ]
        )
        {
            Input = run.InputDescriptor,
        };
}

/// <summary>What a keeper has from its first moment, and hands on.</summary>
/// <param name="Lock">The descriptor of the home's lock.</param>
/// <param name="OpenFiles">The limit the first keeper was started with; programs get it.</param>
/// <param name="Since">Monotonic time, ns, at which the home was taken.</param>
/// <param name="Reexecs">How often it went on as another program.</param>
internal readonly record struct KeeperState(
    int Lock,
    LibC.ResourceLimit OpenFiles,
    long Since,
    uint Reexecs
);
