using Tspm.Keeper.Interop;

namespace Tspm.Keeper.Control;

/// <summary>Everybody who is connected: the daemon, and commands that ask something or two.</summary>
/// <remarks>Control thread only. At most 32; then the oldest that is not the daemon goes.</remarks>
internal sealed class ControlConnections(Epoll epoll) : IDisposable
{
    /// <summary>Tags of connections begin here.</summary>
    public const ulong FirstTag = 16;

    private const int Most = 32;
    private readonly List<ControlConnection> _open = [];
    private ulong _nextTag = FirstTag;

    /// <summary>The daemon's: the newest that has said hello; null while there is none.</summary>
    public ControlConnection? Daemon { get; private set; }

    /// <summary>Takes a new one.</summary>
    public void Add(ControlConnection connection)
    {
        if (_open.Count >= Most && _open.Find(old => old != Daemon) is { } oldest)
        {
            Drop(oldest);
        }

        connection.Tag = _nextTag++;
        _open.Add(connection);
        epoll.Add(connection.Descriptor, Epoll.In, connection.Tag);
    }

    /// <summary>The one with this tag; null if it is gone.</summary>
    public ControlConnection? Find(ulong tag)
    {
        foreach (var connection in _open)
        {
            if (connection.Tag == tag)
            {
                return connection;
            }
        }

        return null;
    }

    /// <summary>It is a daemon. The newest counts; an older connection belongs to one that is gone.</summary>
    public void MakeDaemon(ControlConnection connection)
    {
        if (Daemon is { } old && old != connection)
        {
            Drop(old);
        }

        Daemon = connection;
    }

    /// <summary>Ends one.</summary>
    public void Drop(ControlConnection connection)
    {
        if (!_open.Remove(connection))
        {
            return;
        }

        epoll.Remove(connection.Descriptor);
        connection.Dispose();
        Daemon = Daemon == connection ? null : Daemon;
    }

    /// <summary>Sends a frame; the connection is dropped if that fails.</summary>
    public bool Send(
        ControlConnection? connection,
        ReadOnlyMemory<byte> frame,
        ReadOnlySpan<int> descriptors = default
    )
    {
        if (connection is null || !_open.Contains(connection))
        {
            return false;
        }

        if (connection.Send(frame, descriptors))
        {
            return true;
        }

        Drop(connection);
        return false;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var connection in _open)
        {
            connection.Dispose();
        }

        _open.Clear();
    }
}
