using Tspm.Daemon.Resources;
using Tspm.Daemon.Supervision.Checks;
using Tspm.Protocol.Messages;

namespace Tspm.Daemon.Supervision;

/// <summary>What goes along with the run under way: its notify socket, what <c>__exec</c> says of it, its checks.</summary>
/// <remarks>The supervisor's loop only; what they see comes through the mailbox.</remarks>
internal sealed class RunCompanions(ProcessSupervisor owner, TimeProvider time) : IAsyncDisposable
{
    private CheckLoop? _checks;
    private NotifySocket? _notify;

    // Not awaited: it puts its answer into the mailbox and ends with the report, which is closed with the gate.
    private Task _hearing = Task.CompletedTask;

    /// <summary>What <c>__exec</c> said of the run; null if the run needs none.</summary>
    public ExecGate? Gate { get; private set; }

    /// <summary>Begins the checks, if it has any and they have not begun.</summary>
    public void OpenChecks(RunState run)
    {
        if (_checks is null && CheckLoop.IsNeeded(owner.Record.Spec))
        {
            _checks = new CheckLoop(owner, run, _notify, time);
        }
    }

    /// <summary>Ends the checks.</summary>
    public async Task EndChecksAsync()
    {
        var checks = _checks;
        _checks = null;
        if (checks is not null)
        {
            await checks.DisposeAsync();
        }
    }

    /// <summary>Opens the socket that a program says over that it is ready, if it wants one.</summary>
    /// <returns>Why it cannot be; null if it can.</returns>
    public string? OpenNotify(RunState run)
    {
        if (!NotifySocket.IsNeeded(owner.Record.Spec))
        {
            return null;
        }

        var path = Path.Join(owner.LogDirectory, $"notify.{run.Run}");
        return NotifySocket.TryOpen(path, out _notify);
    }

    /// <summary>Tells the program where that socket is.</summary>
    public ProcessSpec WithNotify(ProcessSpec spec) =>
        _notify is { } socket
            ? spec with
            {
                Env = [.. spec.Env, $"NOTIFY_SOCKET={socket.Path}"],
            }
            : spec;

    /// <summary>Begins to hear what <c>__exec</c> has to say, if the program is started through it.</summary>
    /// <returns>Why it cannot be heard; null if it can.</returns>
    public string? OpenGate(RunState run)
    {
        if (!ExecCommandLine.IsNeeded(owner.Record.Spec))
        {
            return null;
        }

        var path = Path.Join(owner.LogDirectory, $"exec.{run.Run}");
        if (ExecReport.TryOpen(path, time, out var report) is { } fault)
        {
            return fault;
        }

        Gate = new ExecGate(report!); // set whenever the call finds no fault
        _hearing = HearAsync(run, report!);
        return null;
    }

    /// <summary>Another run takes the place of this one: its companions come with it.</summary>
    /// <returns>The socket of the old one, which is still to be heard.</returns>
    public NotifySocket? Swap(NotifySocket? notify, CheckLoop? checks)
    {
        var old = _notify;
        (_notify, _checks) = (notify, checks);
        return old;
    }

    /// <summary>Lets go of all.</summary>
    public async Task CloseAsync()
    {
        await EndChecksAsync();
        var (socket, gate) = (_notify, Gate);
        (_notify, Gate) = (null, null);
        if (socket is not null)
        {
            await socket.DisposeAsync();
        }

        if (gate is not null)
        {
            await gate.DisposeAsync();
        }

        await _hearing;
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync() => await CloseAsync();

    private async Task HearAsync(RunState run, ExecReport report) =>
        owner.Post(new ExecMessage(run.Run, await report.Answer));
}
