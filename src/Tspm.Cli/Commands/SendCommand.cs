using System.Text;
using Tspm.Cli.CommandLine;
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
        if (invocation.Arguments.Count == 0)
        {
            throw new CliException(
                ExitCodes.Usage,
                "send: to whom?",
                "example: tspm send web reload",
                ErrorCode.MissingArgument
            );
        }

        var text = invocation.Arguments.Count > 1 ? invocation.Arguments[1] : "";
        var isOwnStdin = text == "-";
        if (invocation.Arguments.Count == 1 && !invocation.Has("eof"))
        {
            throw new CliException(
                ExitCodes.Usage,
                "send: what?",
                "a text, or - for the stdin of this command",
                ErrorCode.MissingArgument
            );
        }

        var line =
            isOwnStdin || text.Length == 0 || invocation.Has("no-newline") ? text : text + "\n";
        var bytes = isOwnStdin ? [] : Encoding.UTF8.GetBytes(line);
        if (bytes.Length > SendRequest.MaxBytes)
        {
            throw new CliException(
                ExitCodes.Usage,
                $"send: {bytes.Length} bytes are more than {SendRequest.MaxBytes}",
                "send a file instead: tspm send NAME - < FILE"
            );
        }

        await using var client = await context.ConnectAsync();
        var sender = new Sender(client, invocation.Arguments[0], TimeoutOf(invocation));
        if (isOwnStdin)
        {
            await SendStdinAsync(sender);
        }
        else if (bytes.Length > 0)
        {
            await sender.SendAsync(bytes);
        }

        if (invocation.Has("eof"))
        {
            await sender.CloseAsync();
        }

        if (context.Quiet == 0)
        {
            context.Say(
                $"{sender.Total} bytes sent"
                    + (invocation.Has("eof") ? ", and the end of input" : "")
            );
        }

        return ExitCodes.Done;
    }

    private static int TimeoutOf(Invocation invocation) =>
        SpecBuilder.ParseDuration("timeout", invocation.Value("timeout") ?? "5s");

    private static async Task SendStdinAsync(Sender sender)
    {
        await using var input = Console.OpenStandardInput();
        var buffer = new byte[ChunkBytes];
        while (await input.ReadAsync(buffer) is > 0 and var read)
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
