using Tspm.Cli.FullScreen.Keys;
using Tspm.Cli.Terminal.Interop;

namespace Tspm.Cli.FullScreen.Driver;

/// <summary>A thread that reads keys, and can be held while somebody else reads the terminal.</summary>
internal sealed class KeyPump : IDisposable
{
    private const int SettleMs = 30;
    private const int NonBlocking = 0x800;
    private const int CloseOnExec = 0x80000;
    private const int Size = 4096;
    private readonly int _wake = TerminalCalls.OpenCounter(0, NonBlocking | CloseOnExec);
    private readonly Action<UiKey> _take;
    private readonly Action _gone;
    private readonly Thread _thread;
    private readonly ManualResetEventSlim _mayRead = new(true);
    private readonly ManualResetEventSlim _isHeld = new(false);
    private volatile bool _isOver;

    /// <summary>Begins to read.</summary>
    /// <param name="take">Gets each key; may wait.</param>
    /// <param name="gone">Told when there is no terminal any more.</param>
    public KeyPump(Action<UiKey> take, Action gone)
    {
        _take = take;
        _gone = gone;
        _thread = new Thread(Run) { IsBackground = true, Name = "keys" };
        _thread.Start();
    }

    /// <summary>Reads nothing until <see cref="Resume"/>; returns when that is so.</summary>
    public void Hold()
    {
        _isHeld.Reset();
        _mayRead.Reset();
        Wake();
        _isHeld.Wait();
    }

    /// <summary>Reads again.</summary>
    public void Resume() => _mayRead.Set();

    /// <inheritdoc/>
    public void Dispose()
    {
        _isOver = true;
        _mayRead.Set();
        Wake();
    }

    private unsafe void Wake()
    {
        ulong one = 1;
        _ = TerminalCalls.Write(_wake, (byte*)&one, sizeof(ulong));
    }

    private void Run()
    {
        var reader = new KeyReader();
        var keys = new List<UiKey>();
        var bytes = new byte[Size];
        while (!_isOver)
        {
            if (!_mayRead.IsSet)
            {
                _isHeld.Set();
                _mayRead.Wait();
            }

            var count = Wait(reader.IsWaiting ? SettleMs : -1) ? Read(bytes) : 0;
            if (count < 0)
            {
                _isHeld.Set();
                _gone();
                return;
            }

            if (count > 0)
            {
                reader.Add(bytes.AsSpan(0, count), keys);
            }
            else if (reader.IsWaiting)
            {
                reader.Settle(keys);
            }

            keys.ForEach(_take);
            keys.Clear();
        }
    }

    private unsafe bool Wait(int timeoutMs)
    {
        var requests = stackalloc PollRequest[2];
        requests[0] = new PollRequest { Descriptor = 0, Events = TerminalCalls.PollIn };
        requests[1] = new PollRequest { Descriptor = _wake, Events = TerminalCalls.PollIn };
        _ = TerminalCalls.Poll(ref requests[0], 2, timeoutMs);
        if (requests[1].Returned != 0)
        {
            ulong counted = 0;
            _ = TerminalCalls.Read(_wake, (byte*)&counted, sizeof(ulong));
            return false;
        }

        return requests[0].Returned != 0;
    }

    // −1 when the terminal is gone.
    private static unsafe int Read(byte[] bytes)
    {
        fixed (byte* start = bytes)
        {
            var count = TerminalCalls.Read(0, start, (nuint)bytes.Length);
            if (count > 0)
            {
                return (int)count;
            }

            var errno = System.Runtime.InteropServices.Marshal.GetLastPInvokeError();
            return count < 0 && errno is TerminalCalls.Interrupted or TerminalCalls.TryAgain
                ? 0
                : -1;
        }
    }
}
