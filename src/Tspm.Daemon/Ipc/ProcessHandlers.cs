using SmartIpc.Requests;
using Tspm.CaptureLog;
using Tspm.Daemon.Resources;
using Tspm.Daemon.Supervision;
using Tspm.Protocol;
using Tspm.Protocol.Messages;

namespace Tspm.Daemon.Ipc;

/// <summary>The requests about processes.</summary>
internal sealed class ProcessHandlers(
    ProcessRegistry registry,
    ProcessFactory factory,
    Sampler sampler,
    TimeProvider time
)
{
    private const int MaxWaitMs = 60_000;

    /// <summary>So many are read in detail for one question.</summary>
    private const int MaxInDetail = 64;

    /// <summary>Adds the requests to a table.</summary>
    public void Register(RequestTable table)
    {
        var json = ProtocolJsonContext.Default;
        table
            .Add(
                MethodNumbers.List,
                "list",
                json.SelectRequest,
                json.ProcessesReply,
                (_, request, ct) => ShowAsync(request, false, ct)
            )
            .Add(
                MethodNumbers.Describe,
                "describe",
                json.SelectRequest,
                json.ProcessesReply,
                (_, request, ct) => ShowAsync(request, true, ct)
            )
            .Add(MethodNumbers.Start, "start", json.StartRequest, json.ActionReply, StartAsync)
            .Add(MethodNumbers.Stop, "stop", json.StopRequest, json.ActionReply, StopAsync)
            .Add(
                MethodNumbers.Restart,
                "restart",
                json.RestartRequest,
                json.ActionReply,
                RestartAsync
            )
            .Add(MethodNumbers.Delete, "delete", json.DeleteRequest, json.ActionReply, DeleteAsync)
            .Add(MethodNumbers.Signal, "signal", json.SignalRequest, json.ActionReply, SignalAsync)
            .Add(
                MethodNumbers.WaitExit,
                "waitExit",
                json.WaitExitRequest,
                json.WaitExitReply,
                WaitExitAsync
            );
    }

    private async ValueTask<IpcResult<ProcessesReply>> ShowAsync(
        SelectRequest request,
        bool withDetails,
        CancellationToken ct
    )
    {
        if (!registry.TrySelect(request.Select, isChange: false, out var found, out var error))
        {
            return new IpcError(error!.Code, error.Message, error.Hint); // set whenever the call says no
        }

        await sampler.LookAsync(
            withDetails && found.Count <= MaxInDetail
                ? [.. found.Select(process => process.Record.Id)]
                : [],
            ct
        );

        var views = found.Select(process => ProcessViews.Of(process, time, withDetails)).ToList();
        for (var i = 0; i < views.Count && (withDetails || request.Counters); i++)
        {
            views[i] = views[i] with { Counters = LogCounters.Of(found[i], time) };
            views[i] =
                withDetails && request.ShowSecrets
                    ? ProcessViews.WithSecrets(views[i], found[i].Record.Spec)
                    : views[i];
        }

        return new ProcessesReply(views);
    }

    private async ValueTask<IpcResult<ActionReply>> StartAsync(
        RequestContext context,
        StartRequest request,
        CancellationToken ct
    )
    {
        if (request.Spec is { } spec)
        {
            var reply = new ActionReply(
                request.Instances > 0
                    ? await factory.StartInstancesAsync(spec, request.Instances, request.Replace)
                    : [await factory.StartNewAsync(spec, request.Replace, request.Temporary)]
            );
            CrashPoint.Pass(CrashPoint.BeforeReply);
            return reply;
        }

        return await DoAsync(
            request.Select,
            async process =>
            {
                if (!request.NoDependencies)
                {
                    await factory.StartNeedsAsync(process.Record.Spec);
                }

                return await process.DoAsync(CommandVerb.Start);
            }
        );
    }

    private async ValueTask<IpcResult<ActionReply>> StopAsync(
        RequestContext context,
        StopRequest request,
        CancellationToken ct
    ) =>
        await DoInOrderAsync(
            request.Select,
            found =>
                OrderedStop.RunAsync(
                    found,
                    process =>
                        process.DoAsync(
                            CommandVerb.Stop,
                            request.Signal,
                            request.TimeoutMs,
                            by: Clients.NameOf(context.Peer)
                        )
                )
        );

    private async ValueTask<IpcResult<ActionReply>> RestartAsync(
        RequestContext context,
        RestartRequest request,
        CancellationToken ct
    )
    {
        var by = Clients.NameOf(context.Peer);
        if (request.Parallel is < 0 or > InstanceSpec.MaxInstances)
        {
            return new IpcError(
                ErrorCodes.BadRequest,
                $"{request.Parallel} at a time are not within 1 to {InstanceSpec.MaxInstances}",
                null
            );
        }

        return await DoInOrderAsync(
            request.Select,
            async found =>
            {
                if (request.Env is { } env)
                {
                    var refused = await UpdateAsync(found, env);
                    if (refused.Count > 0)
                    {
                        return refused;
                    }
                }

                return await new OrderedRestart(registry, time, by).RunAsync(found, request, ct);
            }
        );
    }

    /// <summary>Takes the caller's environment over.</summary>
    /// <returns>Those that it does not fit; then nothing was changed.</returns>
    private static async Task<IReadOnlyList<ActionResult>> UpdateAsync(
        IReadOnlyList<ProcessSupervisor> found,
        IReadOnlyList<string> env
    )
    {
        var refused = new List<ActionResult>();
        foreach (var process in found)
        {
            var spec = ProgramEnvironment.Update(process.Record.Spec, env);
            if (SpecFaults.Find(spec) is { } fault)
            {
                refused.Add(process.Result(ErrorCodes.BadRequest, fault));
            }
        }

        foreach (var process in refused.Count > 0 ? [] : found)
        {
            var before = process.Record.Spec;
            var after = ProgramEnvironment.Update(before, env);
            await process.EditAsync(
                record => record with { Spec = ProgramEnvironment.Update(record.Spec, env) },
                ProgramEnvironment.Compare(before, after)
            );
        }

        return refused;
    }

    private async ValueTask<IpcResult<ActionReply>> DeleteAsync(
        RequestContext context,
        DeleteRequest request,
        CancellationToken ct
    ) => await DoAsync(request.Select, process => factory.DeleteAsync(process, request.KeepLogs));

    private async ValueTask<IpcResult<ActionReply>> SignalAsync(
        RequestContext context,
        SignalRequest request,
        CancellationToken ct
    )
    {
        if (request.Signal is < 1 or > 64)
        {
            return new IpcError(
                ErrorCodes.BadRequest,
                $"{request.Signal} is not a signal: 1 to 64",
                null
            );
        }

        return await DoAsync(
            request.Select,
            process =>
                process.DoAsync(
                    CommandVerb.Signal,
                    request.Signal,
                    toGroup: request.Group,
                    by: Clients.NameOf(context.Peer),
                    toTree: request.Tree
                )
        );
    }

    private async ValueTask<IpcResult<WaitExitReply>> WaitExitAsync(
        RequestContext context,
        WaitExitRequest request,
        CancellationToken ct
    )
    {
        if (registry.Find(request.Id) is not { } process)
        {
            return new WaitExitReply { Ended = true };
        }

        var ended = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        void Look(ProcessSupervisor changed)
        {
            if (HasEnded(changed, request.Run))
            {
                ended.TrySetResult();
            }
        }

        process.Changed += Look;
        try
        {
            Look(process);
            var deadline = TimeSpan.FromMilliseconds(Math.Clamp(request.TimeoutMs, 0, MaxWaitMs));
            await Task.WhenAny(ended.Task, Task.Delay(deadline, time, ct));
            return new WaitExitReply
            {
                Ended = HasEnded(process, request.Run),
                Process = ProcessViews.Of(process, time, withDetails: false),
            };
        }
        finally
        {
            process.Changed -= Look;
        }
    }

    private static bool HasEnded(ProcessSupervisor process, uint run)
    {
        var record = process.Record;
        return record.Run > run || record.Runs.Any(known => known.Run == run && known.IsClosed);
    }

    private async ValueTask<IpcResult<ActionReply>> DoAsync(
        IReadOnlyList<string> selectors,
        Func<ProcessSupervisor, Task<ActionResult>> action
    ) => await DoInOrderAsync(selectors, async found => await Task.WhenAll(found.Select(action)));

    private async ValueTask<IpcResult<ActionReply>> DoInOrderAsync(
        IReadOnlyList<string> selectors,
        Func<IReadOnlyList<ProcessSupervisor>, Task<IReadOnlyList<ActionResult>>> action
    )
    {
        if (selectors.Count == 0)
        {
            return new IpcError(ErrorCodes.BadRequest, "no process is named", "name one, or all");
        }

        if (!registry.TrySelect(selectors, isChange: true, out var found, out var error))
        {
            return new IpcError(error!.Code, error.Message, error.Hint); // set whenever the call says no
        }

        var reply = new ActionReply(await action(found));
        CrashPoint.Pass(CrashPoint.BeforeReply);
        return reply;
    }
}
