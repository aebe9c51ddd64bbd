using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Tspm.Daemon.Supervision.Checks;

/// <summary>Connects, and for http asks and reads the status line. No HttpClient: it would add more to the binary than all else here.</summary>
internal sealed class TcpCheck(CheckTarget target, TimeProvider time) : ICheck
{
    private const int MaxStatusLine = 512;

    /// <inheritdoc/>
    public async Task<string?> LookAsync(TimeSpan timeout, CancellationToken ct)
    {
        using var deadline = new CancellationTokenSource(timeout, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(ct, deadline.Token);
        var place = $"{target.Text}:{target.Port}";
        try
        {
            using var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
            await ConnectAsync(socket, either.Token);
            return target.Kind == CheckKind.Http ? await AskAsync(socket, either.Token) : null;
        }
        catch (SocketException error)
        {
            return $"{place}: {error.Message}";
        }
        catch (OperationCanceledException)
        {
            return ct.IsCancellationRequested
                ? "cancelled"
                : $"{place}: no answer within {timeout.TotalMilliseconds} ms";
        }
    }

    private Task ConnectAsync(Socket socket, CancellationToken ct) =>
        IPAddress.TryParse(target.Text, out var address)
            ? socket.ConnectAsync(address, target.Port, ct).AsTask()
            : socket.ConnectAsync(target.Text, target.Port, ct).AsTask();

    private async Task<string?> AskAsync(Socket socket, CancellationToken ct)
    {
        var host = target.Text.Contains(':') ? $"[{target.Text}]" : target.Text;
        var request = Encoding.ASCII.GetBytes(
            $"GET {target.Path} HTTP/1.1\r\nHost: {host}:{target.Port}\r\nUser-Agent: tspm\r\nAccept: */*\r\nConnection: close\r\n\r\n"
        );
        for (var sent = 0; sent < request.Length; )
        {
            sent += await socket.SendAsync(request.AsMemory(sent), SocketFlags.None, ct);
        }

        var answer = new byte[MaxStatusLine];
        var length = 0;
        while (length < answer.Length && answer.AsSpan(0, length).IndexOf((byte)'\n') < 0)
        {
            var read = await socket.ReceiveAsync(answer.AsMemory(length), SocketFlags.None, ct);
            if (read == 0)
            {
                break;
            }

            length += read;
        }

        return Judge(answer.AsSpan(0, length));
    }

    /// <summary>Reads "HTTP/1.1 204 No Content"; null if the status is one from 200 to 399.</summary>
    internal static string? Judge(ReadOnlySpan<byte> answer)
    {
        const int statusAt = 9;
        const int statusDigits = 3;
        var isHttp =
            answer.StartsWith("HTTP/1."u8)
            && answer.Length >= statusAt + statusDigits
            && answer[statusAt - 1] == ' ';
        if (
            !isHttp
            || !int.TryParse(
                answer.Slice(statusAt, statusDigits),
                NumberStyles.None,
                CultureInfo.InvariantCulture,
                out var status
            )
        )
        {
            return "the answer is not HTTP";
        }

        return status is >= 200 and < 400 ? null : $"status {status}";
    }
}
