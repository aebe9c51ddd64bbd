namespace SmartIpc.Connections;

/// <summary>Hears what happens, so that the owner can log it with its own methods.</summary>
/// <remarks>Called outside of locks, on the thread where it happens; must be quick and must not throw.</remarks>
public interface IIpcObserver
{
    /// <summary>A client has said hello and was taken.</summary>
    /// <param name="peer">The client.</param>
    void OnConnected(IpcPeer peer) { }

    /// <summary>A connection has ended.</summary>
    /// <param name="peer">The client.</param>
    /// <param name="reason">The first reason, as a word.</param>
    /// <param name="message">More about it.</param>
    void OnDisconnected(IpcPeer peer, string reason, string message) { }

    /// <summary>A client was not taken.</summary>
    /// <param name="pid">Its process id.</param>
    /// <param name="uid">Its user id.</param>
    /// <param name="code">The code of the refusal.</param>
    void OnRefused(int pid, uint uid, string code) { }

    /// <summary>A handler threw.</summary>
    /// <param name="method">The name of the method.</param>
    /// <param name="error">What it threw.</param>
    void OnRequestFailed(string method, Exception error) { }

    /// <summary>A topic source or cursor threw; its subscription was ended.</summary>
    /// <param name="topic">The topic.</param>
    /// <param name="error">What it threw.</param>
    void OnTopicFailed(string topic, Exception error) { }

    /// <summary>Accepting failed; it goes on.</summary>
    /// <param name="error">Why.</param>
    void OnAcceptFailed(Exception error) { }
}

/// <summary>An observer that does not care.</summary>
internal sealed class SilentObserver : IIpcObserver
{
    public static readonly SilentObserver Instance = new();
}
