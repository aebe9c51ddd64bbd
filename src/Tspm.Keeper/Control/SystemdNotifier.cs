using System.Globalization;
using System.Net.Sockets;
using System.Text;

namespace Tspm.Keeper.Control;

/// <summary>Tells systemd how it is (sd_notify): ready, status, watchdog, stopping. Does nothing where nobody listens.</summary>
/// <remarks>Control thread only.</remarks>
internal sealed class SystemdNotifier : IDisposable
{
    private const long Microsecond = 1_000;
    private readonly Socket? _socket;
    private readonly UnixDomainSocketEndPoint? _address;
    private readonly KeeperLog _log;
    private readonly long _interval;
    private long _dueAt = long.MaxValue;
    private (int Programs, int Daemon) _told = (-1, -1);
    private bool _isReady;
    private bool _hasFailed;

    /// <summary>Reads the environment.</summary>
    /// <param name="environment">Value of a variable, or null.</param>
    /// <param name="log">Told once if systemd cannot be reached.</param>
    /// <param name="pid">Ours.</param>
    public SystemdNotifier(Func<string, string?> environment, KeeperLog log, int pid)
    {
        _log = log;
        if (environment("NOTIFY_SOCKET") is not { Length: > 1 } name || name[0] is not ('/' or '@'))
        {
            return;
        }

        // The kernel's abstract names begin with a zero, which the environment writes as @.
        _address = new UnixDomainSocketEndPoint(name[0] == '@' ? "\0" + name[1..] : name);
        _socket = new Socket(AddressFamily.Unix, SocketType.Dgram, ProtocolType.Unspecified)
        {
            Blocking = false,
        };
        var isOurs =
            environment("WATCHDOG_PID") is not { Length: > 0 } told
            || told == pid.ToString(CultureInfo.InvariantCulture);
        if (
            isOurs
            && long.TryParse(
                environment("WATCHDOG_USEC"),
                NumberStyles.None,
                CultureInfo.InvariantCulture,
                out var limit
            )
            && limit > 0
        )
        {
            WatchdogLimit = limit * Microsecond;
            _interval = WatchdogLimit / 3;
        }
    }

    /// <summary>Silence, ns, after which systemd ends us; 0 if it does not watch.</summary>
    public long WatchdogLimit { get; }

    /// <summary>Monotonic time, ns, of the next word.</summary>
    public long DueAt => _dueAt;

    /// <summary>The daemon serves. Said once.</summary>
    public void Ready(long now, int pid)
    {
        if (_isReady)
        {
            return;
        }

        _isReady = true;
        _dueAt = _interval > 0 ? now : long.MaxValue;
        Send(string.Create(CultureInfo.InvariantCulture, $"READY=1\nMAINPID={pid}"));
    }

    /// <summary>One line for <c>systemctl status</c>; said when it changes.</summary>
    /// <param name="programs">How many live.</param>
    /// <param name="daemon">The daemon's pid; 0 while there is none.</param>
    public void Tell(int programs, int daemon)
    {
        if (_socket is null || !_isReady || _told == (programs, daemon))
        {
            return;
        }

        _told = (programs, daemon);
        Send(
            string.Create(
                CultureInfo.InvariantCulture,
                $"STATUS={programs} programs; the daemon {(daemon == 0 ? "is being started" : $"has pid {daemon}")}"
            )
        );
    }

    /// <summary>Says that we live, if it is time and it is true.</summary>
    public void Beat(long now, bool isWell)
    {
        if (now < _dueAt)
        {
            return;
        }

        // Looked at again soon: the word is late only as long as it is not true.
        _dueAt = now + (isWell ? _interval : _interval / 4);
        if (isWell)
        {
            Send("WATCHDOG=1");
        }
    }

    /// <summary>Everything ends, within this time at the most.</summary>
    public void Stopping(TimeSpan longest) =>
        Send(
            string.Create(
                CultureInfo.InvariantCulture,
                $"STOPPING=1\nSTATUS=stopping all programs\nEXTEND_TIMEOUT_USEC={(long)longest.TotalMicroseconds}"
            )
        );

    /// <inheritdoc/>
    public void Dispose() => _socket?.Dispose();

    private void Send(string text)
    {
        if (_socket is null || _address is null)
        {
            return;
        }

        try
        {
            _socket.SendTo(Encoding.UTF8.GetBytes(text), SocketFlags.None, _address);
        }
        catch (SocketException error)
        {
            if (!_hasFailed)
            {
                _hasFailed = true;
                _log.Write(1005, $"systemd cannot be told: {error.Message}");
            }
        }
    }
}
