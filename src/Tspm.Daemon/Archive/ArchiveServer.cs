using SmartIpc.Connections;
using SmartIpc.Requests;
using SmartIpc.Topics;
using Tspm.CaptureLog;
using Tspm.Daemon.Ipc;
using Tspm.Logs.Archive;
using Tspm.Protocol;

namespace Tspm.Daemon.Archive;

/// <summary>Answers what a daemon would answer about logs, for a home that has none: a copy, or one whose daemon cannot start.</summary>
/// <remarks>
/// It serves the process that made it, on a socket in a directory of its own, and never writes in the home. What it
/// numbers is in that directory, which can go (<see cref="Hide"/>) as soon as its reader is connected.
/// </remarks>
public sealed class ArchiveServer : IAsyncDisposable
{
    private const UnixFileMode OwnerOnly =
        UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;
    private readonly string _directory;
    private readonly ArchivedLogs _logs;
    private readonly IpcServer _server;

    private ArchiveServer(string directory, ArchivedLogs logs, IpcServer server)
    {
        _directory = directory;
        _logs = logs;
        _server = server;
    }

    /// <summary>Where it listens.</summary>
    public string SocketPath => SocketIn(_directory);

    /// <summary>What is wrong with the files of the home, in words.</summary>
    public IReadOnlyList<string> Problems { get; private init; } = [];

    /// <summary>Opens the logs that selectors mean, reads the journal up, and listens.</summary>
    /// <param name="home">The home.</param>
    /// <param name="select">Which processes; empty means all.</param>
    /// <param name="build">The build told to the reader.</param>
    /// <exception cref="ArchiveException">The selectors mean nothing.</exception>
    /// <exception cref="IOException">The home cannot be read, or there is no room for the directory.</exception>
    public static ArchiveServer Open(HomePaths home, IReadOnlyList<string> select, string build)
    {
        var catalog = ArchiveCatalog.Read(home);
        if (
            !catalog.TrySelect(
                select,
                out IReadOnlyList<Supervision.ProcessRecord> found,
                out var error
            )
        )
        {
            // Set whenever the call says no.
            throw new ArchiveException(error!.Code, error.Message, error.Hint);
        }

        var directory = Path.Join(Scratch(), $"tspm-offline-{Guid.NewGuid():N}");
        Directory.CreateDirectory(directory, OwnerOnly);
        try
        {
            var recorder = new ArchiveRecorder(catalog.RecordOf);
            var logs = new ArchivedLogs(
                home,
                new HomePaths(directory, directory),
                found.Select(record => record.Id),
                recorder,
                TimeProvider.System
            );
            recorder.Find = logs.Find;
            logs.ReadUp();
            recorder.End();
            logs.End();
            catalog.Use(logs);
            var server = Serve(catalog, home, directory, build);
            return new ArchiveServer(directory, logs, server)
            {
                Problems = catalog.Problem is { } wrong ? [wrong, .. logs.Problems] : logs.Problems,
            };
        }
        catch
        {
            Directory.Delete(directory, recursive: true);
            throw;
        }
    }

    /// <summary>Takes the directory away: whoever is connected goes on, and nothing is left behind whatever ends this process.</summary>
    /// <exception cref="IOException">It cannot be deleted.</exception>
    public void Hide()
    {
        if (Directory.Exists(_directory))
        {
            Directory.Delete(_directory, recursive: true);
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _server.DisposeAsync();
        _logs.Dispose();
        Hide();
    }

    private static IpcServer Serve(
        ArchiveCatalog catalog,
        HomePaths home,
        string directory,
        string build
    )
    {
        var table = new RequestTable();
        new LogHandlers(catalog).Register(table);
        new VerifyHandlers(catalog, home).Register(table);
        var options = new IpcServerOptions
        {
            SocketPath = SocketIn(directory),
            DaemonId = Guid.NewGuid().ToString("N"),
            BuildId = build,
        };
        var server = new IpcServer(options, table, new NoTopics());
        server.Start();
        return server;
    }

    /// <summary>In memory, unless somebody says where: the disk of that home may be full.</summary>
    private static string Scratch() =>
        Environment.GetEnvironmentVariable("TMPDIR") is { Length: > 0 } chosen ? chosen
        : Directory.Exists("/dev/shm") ? "/dev/shm"
        : Path.GetTempPath();

    private static string SocketIn(string directory) => Path.Join(directory, "s");

    /// <summary>Nothing comes any more: there is nothing to follow.</summary>
    private sealed class NoTopics : ITopicSource
    {
        public ValueTask<IpcResult<TopicCursor>> OpenAsync(
            SubscribeRequest request,
            ISubscriptionWaker waker,
            CancellationToken ct
        ) =>
            ValueTask.FromResult<IpcResult<TopicCursor>>(
                new IpcError(ErrorCodes.BadRequest, "an old home has nothing to follow", null)
            );
    }
}

/// <summary>An old home does not have what was asked for.</summary>
/// <param name="code">One of the error codes.</param>
/// <param name="message">What.</param>
/// <param name="hint">What to do.</param>
public sealed class ArchiveException(string code, string message, string? hint) : Exception(message)
{
    /// <summary>One of the error codes.</summary>
    public string Code { get; } = code;

    /// <summary>What to do; null if nobody knows.</summary>
    public string? Hint { get; } = hint;
}
