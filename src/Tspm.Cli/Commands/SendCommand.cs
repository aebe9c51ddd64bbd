using System.Text;
using Tspm.Cli.CommandLine;
using Tspm.Cli.Rendering;
using Tspm.Cli.Terminal;
using Tspm.Client;
using Tspm.Protocol.Messages;

namespace Tspm.Cli.Commands;

/// <summary><c>send</c>: text, or this command's own stdin, into the stdin of a program.</summary>
internal static class SendCommand
{
    private const int ChunkBytes = 32 * 1024;

    /// <summary>Sends.</summary>
    public static async Task<int> RunAsync(Invocation invocation)
    {
        var context = CliContext.Of(invocation);
        var (name, bytes) = Read(invocation);
        await using var client = await context.ConnectAsync();
        var sender = new Sender(client, name, TimeoutOf(invocation));
        if (bytes is null)
        {
            await SendStdinAsync(sender);
        }
        else if (bytes.Length > 0)
        {
            await sender.SendAsync(bytes);
        }

        var isClosed = invocation.Has("eof");
        if (isClosed)
        {
            await sender.CloseAsync();
        }

        if (context.Quiet == 0)
        {
            context.Say(
                $"{Counted.Of(sender.Total, "byte")} sent{(isClosed ? ", and the end of input" : "")}"
            );
        }

        return ExitCodes.Done;
    }

    /// <summary>To whom, and what; null for this command's own stdin.</summary>
    private static (string Name, byte[]? Bytes) Read(Invocation invocation)
    {
        var words = invocation.Arguments;
        if (words.Count == 0 || (words.Count == 1 && !invocation.Has("eof")))
        {
            throw new CliException(
                ExitCodes.Usage,
                words.Count == 0 ? "send: to whom?" : "send: what?",
                words.Count == 0
                    ? "example: tspm send web reload"
                    : "a text, or - for the stdin of this command",
                ErrorCode.MissingArgument
            );
        }

        var text = words.Count > 1 ? words[1] : "";
        if (text == "-")
        {
            return (words[0], null);
        }

        var isLine = text.Length > 0 && !invocation.Has("no-newline");
        var bytes = Encoding.UTF8.GetBytes(isLine ? text + "\n" : text);
        return bytes.Length <= SendRequest.MaxBytes
            ? (words[0], bytes)
            : throw new CliException(
                ExitCodes.Usage,
                $"send: {bytes.Length} bytes are more than {SendRequest.MaxBytes}",
                "send a file instead: tspm send NAME - < FILE"
            );
    }

    private static int TimeoutOf(Invocation invocation) =>
        SpecBuilder.ParseDuration("timeout", invocation.Value("timeout") ?? "5s");

    private static async Task SendStdinAsync(Sender sender)
    {
        var buffer = new byte[ChunkBytes];
        while (InputFile.Read(buffer) is > 0 and var read)
        {
            await sender.SendAsync(buffer[..read]);
        }
    }

    /// <summary>Sends to one run: what one begins to write to is not another one in the middle.</summary>
    private sealed class Sender(TspmIpcClient client, string select, int timeoutMs)
    {
        private uint _run;

        public long Total { get; private set; }

        public Task SendAsync(byte[] bytes) => AskAsync(bytes, isEnd: false);

        public Task CloseAsync() => AskAsync([], isEnd: true);

        private async Task AskAsync(byte[] bytes, bool isEnd)
        {
            var reply = await client.SendAsync(
                new SendRequest
                {
                    Select = select,
                    Run = _run,
                    Bytes = bytes,
                    Eof = isEnd,
                    TimeoutMs = timeoutMs,
                }
            );
            _run = reply.Run;
            Total += reply.Written;
            if (reply.Error is { } error)
            {
                throw new CliException(
                    ExitCodes.Failed,
                    $"send: {error}; {Total} bytes were sent",
                    $"see: tspm logs {select}"
                );
            }
        }
    }
}
