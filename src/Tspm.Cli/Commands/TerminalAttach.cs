using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json;
using SmartIpc.Client;
using SmartIpc.Topics;
using Tspm.Cli.Terminal;
using Tspm.Cli.Terminal.Interop;
using Tspm.Client;
using Tspm.Protocol.Messages;

namespace Tspm.Cli.Commands;

/// <summary>A program on a terminal of its own, shown on ours: bytes both ways as they come, and its size is ours.</summary>
internal sealed class TerminalAttach(
    CliContext context,
    TspmIpcClient client,
    ProcessView process,
    bool takesInput
)
{
    private const int TailBytes = 2048;
    private const int HeadBytes = TopicFrame.BatchPrefixBytes + sizeof(long);
    private const nuint GetWindowSize = 0x5413;

    /// <summary>Modes that a program may have set and that outlive a detach: alternate screen, cursor, keys, mouse, paste, colours.</summary>
    private static readonly byte[] Plain = Encoding.ASCII.GetBytes(
        "\e[?1049l\e[?25h\e[?1l\e>\e[?1000l\e[?1002l\e[?1003l\e[?1006l\e[?2004l\e[?7h\e[0m"
    );
    private readonly Lock _gate = new();

    // Replaced when the size changes again; a size that does not get through is followed by a newer one.
    private Task _resizing = Task.CompletedTask;
    private long? _offset;
    private bool _isFirst = true;

    /// <summary>Shows it until the run ends or the person leaves.</summary>
    public async Task RunAsync(FollowSignals signals)
    {
        Say($"attached to {process.Name}; Ctrl+] and then d leaves, it runs on");
        using var raw = takesInput ? RawTerminal.TryOpen(0) : null;

        // At the first signal, whatever the rest is busy with: a second one ends us at once.
        await using var restoring = signals.Token.Register(() => raw?.Dispose());
        using var over = CancellationTokenSource.CreateLinkedTokenSource(signals.Token);
        using var resized = PosixSignalRegistration.Create(
            PosixSignal.SIGWINCH,
            _ => _resizing = ResizeAsync(over.Token)
        );
        await ResizeAsync(over.Token);
        var pump = new StdinPump(client, process, Say);
        var input = takesInput ? pump.RunAsync(over.Token) : Task.FromResult(false);
        var output = ShowAsync(over.Token);
        var end = "";
        try
        {
            if (await Task.WhenAny(input, output) == output || !await input)
            {
                end = await output;
            }
            else
            {
                end = "detached; it runs on";
            }
        }
        finally
        {
            await over.CancelAsync();
            await Task.WhenAny(input);
            await Task.WhenAny(output);
            await _resizing;
            Restore(raw);
        }

        context.Say($"[{process.Name}: {end}]");
    }

    private void Restore(RawTerminal? raw)
    {
        lock (_gate)
        {
            if (context.OutputFacts.IsTerminal)
            {
                context.Output.Write(Plain);
                context.Output.Write("\r\n"u8);
                context.Output.Flush();
            }
        }

        raw?.Dispose();
    }

    private async Task<string> ShowAsync(CancellationToken ct)
    {
        await using var subscription = client.SubscribeTerminal(process.Id, OptionsOf);
        while (true)
        {
            using var told = await subscription.ReadAsync(ct);
            switch (told.Kind)
            {
                case TopicMessageKind.Batch when told.Payload is { } payload:
                    Show(payload.Memory.Span);
                    break;
                case TopicMessageKind.Detached:
                    Say("the daemon is away; the program runs on");
                    break;
                case TopicMessageKind.Resumed:
                    Say("the daemon is back");
                    await ResizeAsync(ct);
                    break;
                case TopicMessageKind.Refused:
                    return told.Error?.Message ?? "refused";
                case TopicMessageKind.Ended:
                    return told.Reason;
                default:
                    break;
            }
        }
    }

    private byte[] OptionsOf(uint gen) =>
        JsonSerializer.SerializeToUtf8Bytes(
            new TerminalSubscribeOptions { After = _offset, Tail = TailBytes },
            ProtocolJsonContext.Default.TerminalSubscribeOptions
        );

    private void Show(ReadOnlySpan<byte> batch)
    {
        var bytes = batch[HeadBytes..];
        _offset =
            BinaryPrimitives.ReadInt64LittleEndian(batch[TopicFrame.BatchPrefixBytes..])
            + bytes.Length;
        if (_isFirst)
        {
            // The tail begins somewhere in a line, or in the middle of a character.
            _isFirst = false;
            var line = bytes.Length >= TailBytes ? bytes.IndexOf((byte)'\n') : -1;
            bytes = bytes[(line + 1)..];
        }

        lock (_gate)
        {
            context.Output.Write(bytes);
            context.Output.Flush();
        }
    }

    private async Task ResizeAsync(CancellationToken ct)
    {
        var size = default(WindowSize);
        var isKnown =
            context.OutputFacts.IsTerminal
            && TerminalCalls.GetSize(1, GetWindowSize, ref size) == 0
            && size is { Rows: > 0, Columns: > 0 };
        if (!isKnown)
        {
            return;
        }

        try
        {
            await client.ResizeAsync(new ResizeRequest(process.Id, size.Rows, size.Columns), ct);
        }
        catch (TspmException)
        {
            // The daemon is away, or the run is over: told where its output is read; after a return the size is sent again.
        }
        catch (OperationCanceledException) when (ct.IsCancellationRequested)
        {
            // Leaving.
        }
    }

    /// <summary>On a raw terminal a line begins only where one says so.</summary>
    private void Say(string text)
    {
        lock (_gate)
        {
            context.Say($"\r[{process.Name}: {text}]\r");
        }
    }
}
