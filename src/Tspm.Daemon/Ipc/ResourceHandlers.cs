using System.Globalization;
using SmartIpc.Requests;
using Tspm.Daemon.Resources;
using Tspm.Daemon.Supervision;
using Tspm.Protocol;
using Tspm.Protocol.Messages;

namespace Tspm.Daemon.Ipc;

/// <summary>The request that asks what processes use.</summary>
internal sealed class ResourceHandlers(ProcessRegistry registry, Sampler sampler, TimeProvider time)
{
    /// <summary>So many are read in detail for one question.</summary>
    private const int MaxInDetail = 64;

    /// <summary>Adds the request to a table.</summary>
    public void Register(RequestTable table)
    {
        var json = ProtocolJsonContext.Default;
        table.Add(
            MethodNumbers.Samples,
            "samples",
            json.SamplesRequest,
            json.SamplesReply,
            (_, request, ct) => SamplesAsync(request, ct)
        );
        table.Add(
            MethodNumbers.Env,
            "env",
            json.EnvRequest,
            json.EnvReply,
            (_, request, _) => ValueTask.FromResult(ReadEnvironments(request))
        );
    }

    private IpcResult<EnvReply> ReadEnvironments(EnvRequest request) =>
        registry.TrySelect(request.Select, isChange: false, out var found, out var error)
            ? new EnvReply([.. found.Select(process => Of(process.Record, request.ShowSecrets))])
            : new IpcError(error!.Code, error.Message, error.Hint); // set whenever the call says no

    private static ProcessEnv Of(ProcessRecord record, bool showSecrets)
    {
        var spec = record.Spec;
        var secrets = ProcessSecrets.Of(spec);
        var problem = ProgramEnvironment.TryRead(spec, out var variables);
        return new ProcessEnv
        {
            Id = record.Id,
            Ns = spec.Ns,
            Name = spec.Name,
            Env =
            [
                .. variables
                    .Order(StringComparer.Ordinal)
                    .Select(one => showSecrets ? one : secrets.Variable(one)),
            ],
            Inherited = spec.Inherited,
            Files = spec.EnvFiles,
            Problem = problem,
        };
    }

    private async ValueTask<IpcResult<SamplesReply>> SamplesAsync(
        SamplesRequest request,
        CancellationToken ct
    )
    {
        if (request.Seconds is < 1 or > SamplesRequest.MaxSeconds)
        {
            return Wrong(
                $"{request.Seconds} seconds are not within 1 to {SamplesRequest.MaxSeconds}"
            );
        }

        if (request.Points is < 0 or > SamplesRequest.MaxPoints)
        {
            return Wrong($"{request.Points} points are not within 0 to {SamplesRequest.MaxPoints}");
        }

        if (!registry.TrySelect(request.Select, isChange: false, out var found, out var error))
        {
            return new IpcError(error!.Code, error.Message, error.Hint); // set whenever the call says no
        }

        if ((long)found.Count * request.Points > SamplesRequest.MaxAllPoints)
        {
            return Wrong(
                $"{found.Count} processes with {request.Points} points each are more than {SamplesRequest.MaxAllPoints} points"
            );
        }

        await sampler.LookAsync(
            request.Details ? [.. found.Take(MaxInDetail).Select(one => one.Record.Id)] : [],
            ct
        );
        return new SamplesReply
        {
            At = time.GetUtcNow()
                .UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture),
            IntervalMs = (int)Sampler.Interval.TotalMilliseconds,
            Cores = Environment.ProcessorCount,
            Processes = [.. found.Select(process => Of(process, request))],
        };
    }

    private ProcessSamples Of(ProcessSupervisor process, SamplesRequest request)
    {
        // A light view: what list shows, without its command.
        var view = ProcessViews.Of(process, time, withDetails: false);
        var now = sampler.NowMs;
        var history =
            request.Points > 0
                ? (sampler.FindHistory(view.Id) ?? new SampleRing()).Read(
                    now - (request.Seconds * 1000L),
                    now,
                    request.Points
                )
                : null;
        return new ProcessSamples
        {
            Id = view.Id,
            Ns = view.Ns,
            Name = view.Name,
            Status = view.Status,
            StatusText = view.StatusText,
            Run = view.Run,
            Pid = view.Pid,
            UptimeSeconds = view.UptimeSeconds,
            Restarts = view.Restarts,
            Latest = view.Use,
            Cpu = history?.Cpu,
            Memory = history?.Bytes,
            Lines = history?.Lines,
        };
    }

    private static IpcError Wrong(string message) => new(ErrorCodes.BadRequest, message, null);
}
