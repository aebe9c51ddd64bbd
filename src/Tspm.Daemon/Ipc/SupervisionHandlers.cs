using SmartIpc.Requests;
using Tspm.Daemon.Supervision;
using Tspm.Protocol;
using Tspm.Protocol.Messages;

namespace Tspm.Daemon.Ipc;

/// <summary>The requests that change the list of processes rather than one run.</summary>
internal sealed class SupervisionHandlers(
    ProcessRegistry registry,
    ProcessFactory factory,
    TimeProvider time
)
{
    private readonly ListEditor _editor = new(registry, factory);

    /// <summary>Adds the requests to a table.</summary>
    public void Register(RequestTable table)
    {
        var json = ProtocolJsonContext.Default;
        table
            .Add(MethodNumbers.Reset, "reset", json.SelectRequest, json.ActionReply, ResetAsync)
            .Add(MethodNumbers.Set, "set", json.SetRequest, json.ActionReply, SetAsync)
            .Add(MethodNumbers.Rename, "rename", json.RenameRequest, json.ActionReply, RenameAsync)
            .Add(MethodNumbers.Reload, "reload", json.RestartRequest, json.ActionReply, ReloadAsync)
            .Add(MethodNumbers.Scale, "scale", json.ScaleRequest, json.ActionReply, ScaleAsync);
    }

    private async ValueTask<IpcResult<ActionReply>> ResetAsync(
        RequestContext context,
        SelectRequest request,
        CancellationToken ct
    ) =>
        Select(request.Select, out var found) is { } error
            ? error
            : new ActionReply(
                await Task.WhenAll(found.Select(process => process.DoAsync(CommandVerb.Reset)))
            );

    private async ValueTask<IpcResult<ActionReply>> SetAsync(
        RequestContext context,
        SetRequest request,
        CancellationToken ct
    ) =>
        Select(request.Select, out var found) is { } error
            ? error
            : new ActionReply(
                await Task.WhenAll(
                    found.Select(process => _editor.SetAsync(process, request.Changes))
                )
            );

    private async ValueTask<IpcResult<ActionReply>> RenameAsync(
        RequestContext context,
        RenameRequest request,
        CancellationToken ct
    )
    {
        if (Select([request.Select], out var found) is { } error)
        {
            return error;
        }

        return found.Count != 1
            ? new IpcError(
                ErrorCodes.Conflict,
                $"\"{request.Select}\" means {found.Count} processes, one is renamed at a time",
                null
            )
            : new ActionReply([await _editor.RenameAsync(found[0], request.Name, request.Ns)]);
    }

    private async ValueTask<IpcResult<ActionReply>> ReloadAsync(
        RequestContext context,
        RestartRequest request,
        CancellationToken ct
    ) =>
        Select(request.Select, out var found) is { } error
            ? error
            : new ActionReply(
                await new OrderedRestart(registry, time, Clients.NameOf(context.Peer)).RollAsync(
                    found,
                    Math.Clamp(request.Parallel, 1, InstanceSpec.MaxInstances),
                    process =>
                        process.DoAsync(CommandVerb.Reload, by: Clients.NameOf(context.Peer)),
                    ct
                )
            );

    private async ValueTask<IpcResult<ActionReply>> ScaleAsync(
        RequestContext context,
        ScaleRequest request,
        CancellationToken ct
    )
    {
        if (Select([request.Name], out var found) is { } error)
        {
            return error;
        }

        var groups = found.Select(one => one.Record.Spec.Instance?.Group ?? one.Record.Spec.Name);
        return groups.Distinct().Take(2).Count() > 1
            ? new IpcError(
                ErrorCodes.Conflict,
                $"\"{request.Name}\" means several processes that are not instances of one",
                null
            )
            : new ActionReply(await _editor.ScaleAsync(found, request.Count));
    }

    private IpcError? Select(
        IReadOnlyList<string> selectors,
        out IReadOnlyList<ProcessSupervisor> found
    )
    {
        found = [];
        return selectors.Count == 0
                ? new IpcError(ErrorCodes.BadRequest, "no process is named", "name one, or all")
            : registry.TrySelect(selectors, isChange: true, out found, out var error) ? null
            : new IpcError(error!.Code, error.Message, error.Hint); // set whenever the call says no
    }
}
