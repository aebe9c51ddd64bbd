using SmartIpc.Requests;
using Tspm.Daemon.Input;
using Tspm.Daemon.Keeper;
using Tspm.Daemon.Supervision;
using Tspm.Protocol;
using Tspm.Protocol.Messages;

namespace Tspm.Daemon.Ipc;

/// <summary>The requests that reach into a running program: its stdin, and the size of its terminal.</summary>
internal sealed class InputHandlers(ProcessRegistry registry, IKeeper keeper, TimeProvider time)
{
    private const int MaxPatienceMs = 60_000;
    private const int MaxSize = 65_535;

    /// <summary>Adds the requests to a table.</summary>
    public void Register(RequestTable table)
    {
        var json = ProtocolJsonContext.Default;
        table
            .Add(MethodNumbers.Send, "send", json.SendRequest, json.SendReply, SendAsync)
            .Add(
                MethodNumbers.Resize,
                "resize",
                json.ResizeRequest,
                json.EmptyMessage,
                (_, request, _) => ValueTask.FromResult(Resize(request))
            );
    }

    private async ValueTask<IpcResult<SendReply>> SendAsync(
        RequestContext context,
        SendRequest request,
        CancellationToken ct
    )
    {
        if (request.Bytes.Length > SendRequest.MaxBytes)
        {
            return new IpcError(
                ErrorCodes.BadRequest,
                $"{request.Bytes.Length} bytes at once are more than {SendRequest.MaxBytes}",
                null
            );
        }

        if (!registry.TrySelect([request.Select], isChange: true, out var found, out var wrong))
        {
            return new IpcError(wrong!.Code, wrong.Message, wrong.Hint); // set whenever the call says no
        }

        if (found.Count != 1)
        {
            return new IpcError(
                ErrorCodes.Conflict,
                $"\"{request.Select}\" means {found.Count} processes, input is for one",
                null
            );
        }

        return FindInput(found[0], request.Run, out var run, out var input) is { } error
            ? error
            : await SendAsync(Clients.NameOf(context.Peer), found[0], run, input, request, ct);
    }

    private async Task<IpcResult<SendReply>> SendAsync(
        string by,
        ProcessSupervisor process,
        RunState run,
        RunInput input,
        SendRequest request,
        CancellationToken ct
    )
    {
        var patience = TimeSpan.FromMilliseconds(Math.Clamp(request.TimeoutMs, 0, MaxPatienceMs));
        var (written, errno) = await input.WriteAsync(request.Bytes, patience, time, ct);
        var reply = new SendReply(process.Record.Id, run.Run, written)
        {
            IsTerminal = input.IsTerminal,
            Error = errno switch
            {
                0 => null,
                InputCalls.TryAgain => "it does not read its stdin",
                InputCalls.BrokenPipe => "its stdin is closed",
                _ => Errno.Describe(errno),
            },
        };
        if (request.Eof && reply.Error is null && input.Close())
        {
            run.Input.Close();
            await keeper.CloseInputAsync(process.Record.Id, run.Run, ct);
            await process.TellAsync(
                new LogEvent
                {
                    What = LogEvents.StdinClosed,
                    Run = run.Run,
                    By = by,
                }
            );
        }

        return reply;
    }

    private IpcResult<EmptyMessage> Resize(ResizeRequest request)
    {
        if (request.Rows is < 1 or > MaxSize || request.Columns is < 1 or > MaxSize)
        {
            return new IpcError(
                ErrorCodes.BadRequest,
                $"{request.Rows} × {request.Columns} is no size: 1 to {MaxSize} each",
                null
            );
        }

        if (registry.Find(request.Id) is not { } process)
        {
            return new IpcError(ErrorCodes.NotFound, $"there is no process {request.Id}", null);
        }

        if (FindInput(process, 0, out _, out var input) is { } error)
        {
            return error;
        }

        return input.SetSize(request.Rows, request.Columns)
            ? new EmptyMessage()
            : new IpcError(ErrorCodes.Conflict, "it has no terminal", null);
    }

    private static IpcError? FindInput(
        ProcessSupervisor process,
        uint wanted,
        out RunState run,
        out RunInput input
    )
    {
        (run, input) = (null!, null!); // both set when nothing is wrong
        var name = process.Record.Spec.Name;
        if (
            process.Run is not { Outcome: null, Pid: > 0 } now
            || (wanted != 0 && now.Run != wanted)
        )
        {
            return new IpcError(
                ErrorCodes.Failed,
                wanted == 0 ? $"{name} does not run" : $"run {wanted} of {name} is over",
                $"see: tspm describe {name}"
            );
        }

        if (process.FindInput(now) is not { } open)
        {
            var spec = process.Record.Spec;
            return spec.Stdin || spec.Pty
                ? new IpcError(ErrorCodes.Failed, $"the stdin of {name} is closed", null)
                : new IpcError(
                    ErrorCodes.Conflict,
                    $"{name} has no stdin",
                    $"start it with --stdin or --pty; for the next start: tspm set {name} stdin=yes"
                );
        }

        (run, input) = (now, open);
        return null;
    }
}
