using System.Threading.Channels;
using SmartIpc.Client;
using Tspm.Cli.Terminal;
using Tspm.Client;
using Tspm.Protocol.Messages;

namespace Tspm.Cli.Commands;

/// <summary>From this command's stdin to a program's: what is typed while the daemon is away waits.</summary>
internal sealed class StdinPump(TspmIpcClient client, ProcessView process, Action<string> say)
{
    private const int ReadBytes = 4096;
    private const int MostReads = 64;
    private static readonly TimeSpan Look = TimeSpan.FromMilliseconds(20);

    // Full means that the program or the daemon does not take it: the reading thread waits, and so does who types.
    private readonly Channel<byte[]> _typed = Channel.CreateBounded<byte[]>(
        new BoundedChannelOptions(MostReads) { SingleReader = true, SingleWriter = true }
    );
    private readonly object _room = new();

    // Guarded by _room: pieces that were read and not taken yet.
    private int _untaken;
    private readonly DetachKey _keys = new();

    /// <summary>Sends until the person leaves (true), or there is no more input (false).</summary>
    public async Task<bool> RunAsync(CancellationToken ct)
    {
        // It ends with this process: a read of a terminal cannot be taken back.
        new Thread(ReadAll) { IsBackground = true, Name = "stdin" }.Start();
        await foreach (var typed in _typed.Reader.ReadAllAsync(ct))
        {
            lock (_room)
            {
                _untaken--;
                Monitor.Pulse(_room);
            }

            var passed = new List<byte>(typed.Length);
            var isLeaving = _keys.Take(typed, passed);
            if (passed.Count > 0 && !await SendAsync([.. passed], ct))
            {
                return false;
            }

            if (isLeaving)
            {
                return true;
            }
        }

        return false;
    }

    private async Task<bool> SendAsync(byte[] bytes, CancellationToken ct)
    {
        while (client.State != ConnectionState.Up)
        {
            await Task.Delay(Look, TimeProvider.System, ct);
        }

        try
        {
            var request = new SendRequest
            {
                Select = $"{process.Id}",
                Run = process.Run,
                Bytes = bytes,
            };
            var reply = await client.SendAsync(request, ct);
            if (reply.Error is { } error)
            {
                say(error);
            }

            return true;
        }
        catch (TspmException lost) when (client.State != ConnectionState.Up)
        {
            say($"what was typed just now may be lost: {lost.Message}");
            return true;
        }
        catch (TspmException refused)
        {
            // The run is over, or its stdin is closed; what it printed is shown to the end.
            say(refused.Message);
            return false;
        }
    }

    private void ReadAll()
    {
        var buffer = new byte[ReadBytes];
        while (InputFile.Read(buffer) is > 0 and var read)
        {
            lock (_room)
            {
                while (_untaken >= MostReads)
                {
                    Monitor.Wait(_room);
                }

                _untaken++;
            }

            _typed.Writer.TryWrite(buffer[..read]);
        }

        _typed.Writer.TryComplete();
    }
}
