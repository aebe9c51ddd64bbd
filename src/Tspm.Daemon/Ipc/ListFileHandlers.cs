using SmartIpc.Requests;
using Tspm.Daemon.Persistence;
using Tspm.Daemon.Supervision;
using Tspm.Protocol;
using Tspm.Protocol.Messages;

namespace Tspm.Daemon.Ipc;

/// <summary>The requests about the saved list: a copy of it, and what ran before.</summary>
internal sealed class ListFileHandlers(
    ProcessRegistry registry,
    Resurrection resurrection,
    string listPath,
    TimeProvider time
)
{
    /// <summary>Adds the requests to a table.</summary>
    public void Register(RequestTable table)
    {
        var json = ProtocolJsonContext.Default;
        table
            .Add(
                MethodNumbers.Resurrect,
                "resurrect",
                json.ResurrectRequest,
                json.ActionReply,
                (_, request, _) => ResurrectAsync(request)
            )
            .Add(
                MethodNumbers.Save,
                "save",
                json.SaveRequest,
                json.SaveReply,
                (_, request, _) => SaveAsync(request)
            );
    }

    private async ValueTask<IpcResult<ActionReply>> ResurrectAsync(ResurrectRequest request)
    {
        if (request.File is not { } file)
        {
            return new ActionReply(await resurrection.StartAsync(request.DryRun));
        }

        if (!Path.IsPathRooted(file) || !File.Exists(file))
        {
            return new IpcError(ErrorCodes.NotFound, $"there is no file {file}", null);
        }

        try
        {
            return ProcessListFile.TryRead(file, out var list, out var fault)
                ? new ActionReply(await resurrection.StartAsync(list, request.DryRun))
                : new IpcError(
                    ErrorCodes.Failed,
                    $"{file} is not used: {fault}",
                    "it was left as it is; nothing was started"
                );
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return new IpcError(ErrorCodes.Failed, error.Message, null);
        }
    }

    private async ValueTask<IpcResult<SaveReply>> SaveAsync(SaveRequest request)
    {
        if (request.File is not { } file)
        {
            await registry.SaveAsync();
            return new SaveReply { File = listPath, Processes = registry.All.Count };
        }

        if (!Path.IsPathRooted(file))
        {
            return new IpcError(ErrorCodes.BadRequest, $"{file} is not absolute", null);
        }

        try
        {
            if (Path.Exists(file) && !ProcessListFile.TryRead(file, out _, out var fault))
            {
                return new IpcError(
                    ErrorCodes.Conflict,
                    $"{file} is there and is no list that can be read: {fault}",
                    "it was left as it is; name another file"
                );
            }

            var count = registry.Freeze(new ProcessListFile(file, time));
            return new SaveReply { File = file, Processes = count };
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return new IpcError(ErrorCodes.Failed, $"{file}: {error.Message}", null);
        }
    }
}
