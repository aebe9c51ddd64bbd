using System.Text.Json;
using Tspm.CaptureLog;
using Tspm.Cli.CommandLine;
using Tspm.Cli.Launch;
using Tspm.Cli.Rendering;
using Tspm.Daemon.Ipc;
using Tspm.Protocol.Messages;

namespace Tspm.Cli.Commands;

/// <summary><c>daemon status</c>: daemon, keeper, boot, startup, and what to do if their builds differ.</summary>
internal static class StatusCommand
{
    /// <summary>Prints the facts; exit 4 if no daemon runs, with what the keeper says if there is one.</summary>
    public static async Task<int> RunAsync(Invocation invocation)
    {
        var context = CliContext.Of(invocation);
        await using var client = await context.Launcher.TryConnectAsync(null, default);
        if (client is not null)
        {
            return Print(context, await client.GetStatusAsync());
        }

        using var keeper = KeeperCaller.TryConnect(context.Home);
        if (keeper?.GetFacts() is { } facts && !context.IsJson)
        {
            context.Print(TextOf(KeeperViews.Of(facts)));
            context.Output.Flush();
        }

        throw NoDaemon(context.Home);
    }

    /// <summary>None, or one that keeps dying under a keeper that starts it again and again.</summary>
    private static CliException NoDaemon(HomePaths home)
    {
        var keeper = LockHolder.Find(home.KeeperLock);
        if (keeper == 0)
        {
            return new CliException(
                ExitCodes.NoDaemon,
                $"no daemon runs for {home.Root}",
                "start one with: tspm daemon start"
            );
        }

        return DaemonTrouble.Read(home) is { Failures: > 1 } trouble
            ? new CliException(
                ExitCodes.NoDaemon,
                $"the daemon keeps dying: {trouble.Failures} times in a row, the keeper (pid {keeper}) tries again after {Durations.FormatMilliseconds(trouble.DelayMs)}; programs run on. {trouble.Reason}",
                $"see: {home.DaemonLog}; to end everything without it: tspm shutdown"
            )
            : new CliException(
                ExitCodes.NoDaemon,
                $"no daemon serves; the keeper (pid {keeper}) is about to start one",
                $"see: {home.KeeperLog}"
            );
    }

    /// <summary>Prints the facts.</summary>
    public static int Print(CliContext context, StatusReply status)
    {
        if (context.IsJson)
        {
            context.PrintLine(
                JsonSerializer.Serialize(status, ProtocolJsonContext.Default.StatusReply)
            );
            context.Output.Flush();
            return ExitCodes.Done;
        }

        context.Print(
            $"""
            daemon   pid {status.Pid}, version {status.Version}, build {status.Build}, up {Durations.FormatSeconds(
                status.UptimeSeconds
            )}

            """
        );
        context.Print(
            status.Keeper is { } keeper ? TextOf(keeper) : $"keeper   pid {status.KeeperPid}\n"
        );
        context.Print(
            $"""
            command  version {BuildFacts.Version}, build {BuildFacts.BuildId}
            startup  {StartupState.Find(context.Home).Text}
            home     {status.Home}
            socket   {status.Socket}
            serving  {Counted.Of(
                status.Processes,
                "process",
                "processes"
            )}, {status.Running} running; {Counted.Of(status.Clients, "client")}, {Counted.Of(
                status.Subscriptions,
                "subscription"
            )}

            """
        );
        foreach (var note in NotesOf(status, BuildFacts.BuildId))
        {
            context.Print($"note     {note}\n");
        }

        context.Output.Flush();
        return ExitCodes.Done;
    }

    /// <summary>What somebody should know or do.</summary>
    /// <param name="status">The facts.</param>
    /// <param name="build">The build of this command.</param>
    internal static IEnumerable<string> NotesOf(StatusReply status, string build)
    {
        var keeper = status.Keeper?.Build ?? status.Build;
        if (status.Build != build && keeper != build)
        {
            yield return "daemon and keeper are of another build than this command; to go on as this one, with all programs: tspm daemon upgrade";
        }
        else if (status.Build != build)
        {
            yield return "the daemon is of another build than this command; to go on as this one, with all programs: tspm daemon upgrade";
        }
        else if (keeper != build)
        {
            yield return "the keeper is of another build than this command; to go on as this one, with all programs: tspm daemon upgrade";
        }

        if (status.Keeper is { Upgrade: "failed" } failed)
        {
            yield return $"the last upgrade failed, the daemon before is in charge: {failed.UpgradeNote}";
        }

        if (status.Resurrectable > 0)
        {
            yield return ResurrectNote.Of(status.Resurrectable);
        }
    }

    private static string TextOf(KeeperView keeper)
    {
        var reexecs = keeper.Reexecs > 0 ? $", upgraded in place {Times(keeper.Reexecs)}" : "";
        var replaced = Math.Max(0, keeper.DaemonStarts - 1);
        var last =
            replaced > 0 && keeper.LastDaemonEnd.Length > 0
                ? $"; the daemon before ended with {keeper.LastDaemonEnd}"
                : "";
        return $"""
            keeper   pid {keeper.Pid}, version {keeper.Version}, build {keeper.Build}, up {Durations.FormatSeconds(
                keeper.UptimeSeconds
            )}{reexecs}; {Counted.Of(keeper.Running, "program")}
            replaced {Times(replaced)}{last}
            boot     {keeper.Boot}

            """;
    }

    private static string Times(int count) =>
        count switch
        {
            0 => "never",
            1 => "once",
            _ => $"{count} times",
        };
}
