using System.Globalization;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using Tspm.Daemon.Interop;
using Tspm.Protocol.Messages;

namespace Tspm.Daemon.Hooks;

/// <summary>One try of one hook: a command, or an HTTP POST.</summary>
internal static class HookCall
{
    private const int LeastGood = 200;
    private const int LeastOther = 300;
    private const int MaxHead = 1024;

    /// <summary>Tries.</summary>
    /// <returns>Null if it worked; else why not.</returns>
    public static async Task<string?> TryAsync(HookJob job, TimeProvider time, CancellationToken ct)
    {
        var timeout = TimeSpan.FromMilliseconds(job.Hook.TimeoutMs);
        var body = JsonSerializer.SerializeToUtf8Bytes(
            job.Message,
            ProtocolJsonContext.Default.HookMessage
        );
        if (job.Hook.Url is not { } url)
        {
            return await ChildCommand.RunAsync(
                job.Hook.Command,
                job.Cwd,
                [.. job.Env, .. VariablesOf(job, body)],
                timeout,
                ct
            );
        }

        using var late = new CancellationTokenSource(timeout, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(late.Token, ct);
        try
        {
            return await PostAsync(new Uri(url), body, either.Token);
        }
        catch (SocketException error)
        {
            return error.Message;
        }
        catch (IOException error)
        {
            return error.Message;
        }
        catch (OperationCanceledException) when (!ct.IsCancellationRequested)
        {
            return $"took longer than {job.Hook.TimeoutMs} ms";
        }
    }

    private static IEnumerable<string> VariablesOf(HookJob job, byte[] body) =>
        [
            $"TSPM_EVENT={Encoding.UTF8.GetString(body)}",
            $"TSPM_EVENT_WHAT={job.Message.Event.What}",
            $"TSPM_NAME={job.Message.Name}",
            $"TSPM_NAMESPACE={job.Message.Ns}",
        ];

    private static async Task<string?> PostAsync(Uri url, byte[] body, CancellationToken ct)
    {
        using var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
        await socket.ConnectAsync(url.IdnHost.Trim('[', ']'), url.Port, ct);
        var head = Encoding.ASCII.GetBytes(
            $"POST {url.PathAndQuery} HTTP/1.1\r\nHost: {url.Authority}\r\nUser-Agent: tspm\r\n"
                + $"Content-Type: application/json\r\nContent-Length: {body.Length}\r\nConnection: close\r\n\r\n"
        );
        await using var stream = new NetworkStream(socket, ownsSocket: false);
        await stream.WriteAsync(head, ct);
        await stream.WriteAsync(body, ct);
        var answer = new byte[MaxHead];
        var length = 0;
        while (length < MaxHead && answer.AsSpan(0, length).IndexOf((byte)'\n') < 0)
        {
            var got = await stream.ReadAsync(answer.AsMemory(length), ct);
            if (got == 0)
            {
                break;
            }

            length += got;
        }

        return Judge(Encoding.ASCII.GetString(answer, 0, length));
    }

    /// <summary>Raw input: <c>HTTP/1.1 204 No Content</c>.</summary>
    private static string? Judge(string answer)
    {
        var words = answer.Split('\r', '\n')[0].Split(' ');
        return words.Length < 2
            || !words[0].StartsWith("HTTP/1.", StringComparison.Ordinal)
            || !int.TryParse(
                words[1],
                NumberStyles.None,
                CultureInfo.InvariantCulture,
                out var status
            )
                ? "it did not answer in HTTP"
            : status is >= LeastGood and < LeastOther ? null
            : $"it answered {status}";
    }
}
