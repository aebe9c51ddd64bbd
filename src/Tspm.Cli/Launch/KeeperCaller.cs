using System.Net.Sockets;
using Tspm.CaptureLog;
using Tspm.CaptureLog.Control;

namespace Tspm.Cli.Launch;

/// <summary>Asks the keeper itself: about upgrades, and about everything when no daemon lives.</summary>
/// <remarks>One thread. The home was checked to be ours alone before this is used.</remarks>
internal sealed class KeeperCaller : IDisposable
{
    /// <summary>How long a keeper may take to answer.</summary>
    public static readonly TimeSpan AnswerDeadline = TimeSpan.FromSeconds(20);

    private readonly Socket _socket;
    private uint _lastId;

    private KeeperCaller(Socket socket, TimeSpan deadline)
    {
        _socket = socket;
        _socket.ReceiveTimeout = (int)deadline.TotalMilliseconds;
        _socket.SendTimeout = (int)deadline.TotalMilliseconds;
    }

    /// <summary>Connects; null if there is no keeper.</summary>
    /// <param name="home">Whose keeper.</param>
    /// <param name="deadline">How long it may take to answer; null for <see cref="AnswerDeadline"/>.</param>
    public static KeeperCaller? TryConnect(HomePaths home, TimeSpan? deadline = null)
    {
        using var directory = LibC.OpenDirectory(home.Machine);
        if (directory.IsInvalid)
        {
            return null;
        }

        // Through the descriptor, because a socket address has room for 107 bytes only.
        var path =
            $"/proc/self/fd/{directory.DangerousGetHandle()}/{Path.GetFileName(home.KeeperSocket)}";
        var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            socket.Connect(new UnixDomainSocketEndPoint(path));
            return new KeeperCaller(socket, deadline ?? AnswerDeadline);
        }
        catch (SocketException)
        {
            // Nobody listens: that is the answer.
            socket.Dispose();
            return null;
        }
    }

    /// <summary>Facts about it; null if it does not tell (it is older than this command, or ends just now).</summary>
    public KeeperFacts? GetFacts()
    {
        var id = ++_lastId;
        return Ask(new ControlWriter().Finish(ControlKind.Facts, id), id) is { } body
            ? KeeperFacts.Decode(body)
            : null;
    }

    /// <summary>Has it go on with another program; null if it does not understand that.</summary>
    /// <param name="kind">The daemon's program, or its own.</param>
    /// <param name="program">The program and the arguments before its command.</param>
    public UpgradeAnswer? Upgrade(ControlKind kind, IReadOnlyList<string> program)
    {
        var id = ++_lastId;
        return Ask(new UpgradeOrder(program).Encode(kind, id), id) is { } body
            ? UpgradeAnswer.Decode(body)
            : null;
    }

    /// <summary>Has it stop everything; null if it does not understand that.</summary>
    /// <param name="graceMs">Instead of each one's own; null for that.</param>
    public StopList? StopAll(uint? graceMs)
    {
        var id = ++_lastId;
        var frame = new ControlWriter()
            .U32(graceMs ?? uint.MaxValue)
            .Finish(ControlKind.StopAll, id);
        return Ask(frame, id) is { } body ? StopList.Decode(body) : null;
    }

    /// <summary>Waits for the next frame.</summary>
    /// <param name="limit">How long.</param>
    /// <param name="frame">Its header.</param>
    /// <param name="body">Its body.</param>
    /// <returns>True if there is one, false at the end of the connection, null if nothing came in time.</returns>
    public bool? Next(TimeSpan limit, out ControlFrame frame, out byte[] body)
    {
        frame = default;
        body = [];
        if (!_socket.Poll(limit, SelectMode.SelectRead))
        {
            return null;
        }

        return TryReceive(out frame, out body);
    }

    /// <inheritdoc/>
    public void Dispose() => _socket.Dispose();

    private byte[]? Ask(ReadOnlyMemory<byte> question, uint id)
    {
        try
        {
            _socket.Send(question.Span);
        }
        catch (SocketException)
        {
            // It hung up: there is no answer.
            return null;
        }

        while (TryReceive(out var frame, out var body))
        {
            if (frame.Id == id)
            {
                return body;
            }
        }

        return null;
    }

    private bool TryReceive(out ControlFrame frame, out byte[] body)
    {
        body = [];
        frame = default;
        var header = new byte[ControlFrame.HeaderBytes];
        if (!TryFill(header) || !ControlFrame.TryRead(header, out frame))
        {
            return false;
        }

        body = new byte[frame.Length];
        return TryFill(body);
    }

    private bool TryFill(Span<byte> destination)
    {
        try
        {
            while (!destination.IsEmpty)
            {
                var read = _socket.Receive(destination, SocketFlags.None);
                if (read == 0)
                {
                    return false;
                }

                destination = destination[read..];
            }

            return true;
        }
        catch (SocketException)
        {
            // It is gone, or says nothing for too long: the caller sees that there is no answer.
            return false;
        }
    }
}
