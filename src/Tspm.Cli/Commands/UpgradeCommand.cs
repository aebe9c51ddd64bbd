using SmartIpc.Client;
using Tspm.CaptureLog.Control;
using Tspm.Cli.CommandLine;
using Tspm.Cli.Launch;
using Tspm.Client;

namespace Tspm.Cli.Commands;

/// <summary><c>daemon upgrade</c>: the daemon is replaced, then the keeper goes on as the new program; no program is touched.</summary>
internal static class UpgradeCommand
{
    private static readonly TimeSpan Deadline = TimeSpan.FromMinutes(2);
    private static readonly TimeSpan ReturnDeadline = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(20);

    /// <summary>Does it; waits until the new daemon serves.</summary>
    public static async Task<int> RunAsync(Invocation invocation)
    {
        var context = CliContext.Of(invocation);
        var program = ProgramOf(invocation);
        await using (await ConnectAsync(context))
        {
            // Only that there is one.
        }

        using var keeper =
            KeeperCaller.TryConnect(context.Home)
            ?? throw new CliException(ExitCodes.NoDaemon, "no keeper answers");
        await Progress.OfAsync(
            context,
            "replacing the daemon",
            Deadline,
            Task.Run(async () =>
            {
                Require(keeper.Upgrade(ControlKind.UpgradeDaemon, program), program[0]);
                await WaitForDaemonAsync(context, keeper);
            })
        );
        if (!invocation.Has("keep-keeper"))
        {
            await Progress.OfAsync(
                context,
                "replacing the keeper",
                KeeperCaller.AnswerDeadline,
                Task.Run(() =>
                    Require(keeper.Upgrade(ControlKind.UpgradeKeeper, program), program[0])
                )
            );
        }

        if (!context.IsJson && context.Quiet == 0)
        {
            context.Say("upgraded; programs and followers went on");
        }

        await using var client = await ConnectAsync(context);
        return client is null
            ? ExitCodes.Done
            : StatusCommand.Print(context, await client.GetStatusAsync());
    }

    /// <summary>A daemon runs then, so a keeper does; null if it is one that cannot be talked to, which the keeper replaces all the same.</summary>
    private static async Task<TspmIpcClient?> ConnectAsync(CliContext context)
    {
        try
        {
            return await context.ConnectAsync();
        }
        catch (CliException error) when (error.ExitCode == ExitCodes.Version)
        {
            context.Say(error.Message);
            return null;
        }
    }

    private static IReadOnlyList<string> ProgramOf(Invocation invocation)
    {
        if (invocation.Value("binary") is not { } named)
        {
            return SelfCommand.With();
        }

        var path = Path.GetFullPath(named);
        return File.Exists(path)
            ? [path]
            : throw new CliException(ExitCodes.NotFound, $"--binary: there is no file {path}");
    }

    private static void Require(UpgradeAnswer? answer, string program)
    {
        if (answer is null)
        {
            throw new CliException(
                ExitCodes.Failed,
                "the keeper did not answer: it is older than upgrades, or it ends just now",
                "see: tspm daemon status; without programs that matter: tspm shutdown, then start again"
            );
        }

        if (!answer.IsAccepted)
        {
            throw new CliException(
                ExitCodes.Failed,
                $"{program} cannot take over: {answer.Text}",
                "nothing was changed"
            );
        }
    }

    private static async Task WaitForDaemonAsync(CliContext context, KeeperCaller keeper)
    {
        var begin = TimeProvider.System.GetTimestamp();
        while (TimeProvider.System.GetElapsedTime(begin) < Deadline)
        {
            var facts =
                keeper.GetFacts()
                ?? throw new CliException(ExitCodes.NoDaemon, "the keeper is gone");
            switch (facts.Upgrade)
            {
                case UpgradeState.Done:
                    return;
                case UpgradeState.Failed:
                    await IpcClient.WaitForServerAsync(
                        context.Home.Socket,
                        ReturnDeadline,
                        TimeProvider.System,
                        default
                    );
                    throw new CliException(
                        ExitCodes.Failed,
                        $"the new daemon could not start: {facts.UpgradeNote}",
                        "the daemon before is in charge again; programs were not touched"
                    );
                default:
                    await Task.Delay(Pause, TimeProvider.System);
                    break;
            }
        }

        throw new CliException(
            ExitCodes.Timeout,
            $"the new daemon does not serve after {Deadline.TotalSeconds} s",
            "see: tspm daemon status"
        );
    }
}
