using Tspm.CaptureLog;
using Tspm.Cli.CommandLine;
using Tspm.Cli.Rendering;
using Tspm.Client;
using Tspm.Daemon.Archive;

namespace Tspm.Cli.Launch;

/// <summary>A home that is read without its daemon: a copy, or one whose daemon cannot start.</summary>
internal static class OfflineHome
{
    /// <summary>What needs a daemon, and why.</summary>
    private static readonly (string Option, string Why)[] Refused =
    [
        ("follow", "nothing comes any more"),
        ("until-exit", "nothing comes any more"),
        ("reconnect", "there is no connection that could be lost"),
        ("after-cursor", "lines that no daemon has numbered have numbers for this reading only"),
        ("show-cursor", "lines that no daemon has numbered have numbers for this reading only"),
        ("cursor-file", "lines that no daemon has numbered have numbers for this reading only"),
    ];

    /// <summary>Opens it; the connection ends with the process.</summary>
    /// <exception cref="CliException">There is no such home, or an option makes no sense with it.</exception>
    public static async Task<TspmIpcClient> ConnectAsync(CliContext context, CancellationToken ct)
    {
        Check(context.Invocation);
        var server = Open(Find(context.Home.Root), context.Invocation.Arguments);
        foreach (var problem in server.Problems)
        {
            context.Say($"tspm: {TerminalSanitizer.Clean(problem)}");
        }

        try
        {
            return await TspmIpcClient.ConnectAsync(
                new TspmClientOptions
                {
                    SocketPath = server.SocketPath,
                    ClientName = $"tspm/{BuildFacts.Version}",
                    BuildId = BuildFacts.BuildId,
                    Reconnect = SmartIpc.Client.ReconnectPolicy.None,
                },
                ct
            );
        }
        finally
        {
            server.Hide();
        }
    }

    private static void Check(Invocation invocation)
    {
        var isTail = invocation.Command.Names[0] == "tail" && !invocation.Has("no-follow");
        var (option, why) = isTail
            ? ("follow", "nothing comes any more")
            : Refused.FirstOrDefault(one => invocation.Has(one.Option));
        if (option is not null)
        {
            throw new CliException(
                ExitCodes.Usage,
                $"--{option} does not go with --offline: {why}",
                "example: tspm logs web --home COPY --offline -n all"
            );
        }
    }

    private static HomePaths Find(string root) =>
        ArchivedHome.Find(root) switch
        {
            [var home] => home,
            [] => throw new CliException(
                ExitCodes.NotFound,
                $"{root} is no home of tspm, nor a copy of one",
                "name it with --home DIR; it holds a directory of 16 hex digits with p/ and journal/"
            ),
            var several => throw new CliException(
                ExitCodes.Usage,
                $"{root} has homes of {several.Count} machines",
                "name one of them: --home "
                    + string.Join(" or --home ", several.Select(home => home.Machine))
            ),
        };

    private static ArchiveServer Open(HomePaths home, IReadOnlyList<string> select)
    {
        try
        {
            return ArchiveServer.Open(home, select, BuildFacts.BuildId);
        }
        catch (ArchiveException error)
        {
            throw new TspmException(error.Code, error.Message, error.Hint, error);
        }
    }
}
