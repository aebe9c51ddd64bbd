using Tspm.CaptureLog.Control;
using Tspm.Keeper.Control;
using Tspm.Keeper.Interop;

namespace Tspm.Keeper.Reexec;

/// <summary>Orders to go on with another program: it is checked first, one at a time, while everything else goes on.</summary>
/// <remarks>Control thread only.</remarks>
internal sealed class Upgrades(
    KeeperOptions options,
    DaemonKeeper daemon,
    ControlConnections connections,
    KeeperLog log,
    Epoll epoll,
    ulong tag
) : IDisposable
{
    private BinaryCheck? _check;
    private ControlConnection? _asker;
    private ControlFrame _question;

    /// <summary>Goes on as another program: its first word, the connection that asked, its number. Returns why not.</summary>
    public Func<IReadOnlyList<string>, ControlConnection?, uint, string>? GoOnAs { get; set; }

    /// <summary>Monotonic time, ns, of the next turn.</summary>
    public long DueAt => _check?.GivenUpAt ?? long.MaxValue;

    /// <summary>The pid of the program that is checked; 0 if none is.</summary>
    public int CheckedPid => _check?.Pid ?? 0;

    /// <summary>Begins to check a program.</summary>
    public void Begin(
        ControlConnection? asker,
        ControlFrame question,
        UpgradeOrder? order,
        long now
    )
    {
        var fault =
            order is null ? "no program is named"
            : _check is not null || daemon.Upgrade == UpgradeState.Trying
                ? "another upgrade is under way"
            : daemon.IsEnding ? "tspm is shutting down"
            : "";
        if (fault.Length == 0)
        {
            // There is an order if there is no fault.
            _check = BinaryCheck.Start(order!.Program, OwnEnvironment.List(), now, out fault);
        }

        if (_check is null || fault.Length > 0)
        {
            connections.Send(asker, new UpgradeAnswer(false, fault).Encode(question.Id));
            return;
        }

        _asker = asker;
        _question = question;
        epoll.Add(_check.Output, Epoll.In, tag);
    }

    /// <summary>The program that is checked has printed something.</summary>
    public void OnReadable(long now)
    {
        _check?.OnReadable();
        Finish(now);
    }

    /// <summary>Somebody was reaped; it may be the program that is checked.</summary>
    public void OnExited(int pid, int code, long now)
    {
        if (pid == _check?.Pid)
        {
            _check.OnExited(code);
            Finish(now);
        }
    }

    /// <summary>Does what is due.</summary>
    public void Turn(long now)
    {
        if (now >= DueAt)
        {
            _check?.Kill();
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _check?.Dispose();

    private void Finish(long now)
    {
        if (_check is not { IsOver: true } check)
        {
            return;
        }

        _check = null;
        epoll.Remove(check.Output);
        var fault = check.FindFault(options.Build, out var report);
        check.Dispose();
        if (fault is null && daemon.IsEnding)
        {
            fault = "tspm is shutting down";
        }

        if (fault is null && _question.Kind == ControlKind.UpgradeDaemon)
        {
            log.Write(1007, $"the daemon is replaced by build {report?.Build}: {check.Program[0]}");
            daemon.Replace(
                [.. check.Program, .. options.DaemonCommand.Skip(options.Program.Count)],
                now
            );
        }
        else if (fault is null)
        {
            log.Write(1008, $"the keeper goes on as build {report?.Build}: {check.Program[0]}");
            // Answers itself if it comes to life.
            fault = GoOnAs?.Invoke(check.Program, _asker, _question.Id);
            log.Write(1009, $"the keeper could not go on as {check.Program[0]}: {fault}");
        }

        connections.Send(
            _asker,
            new UpgradeAnswer(fault is null, fault ?? report?.Build ?? "").Encode(_question.Id)
        );
        _asker = null;
    }
}
