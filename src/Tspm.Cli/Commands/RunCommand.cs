using System.Runtime.InteropServices;
using Tspm.Cli.CommandLine;
using Tspm.Cli.Rendering;
using Tspm.Client;
using Tspm.Protocol.Messages;

namespace Tspm.Cli.Commands;

/// <summary><c>run</c>: a program in the foreground, captured like any other.</summary>
internal static class RunCommand
{
    private const int KillSignal = 9;

    /// <summary>Runs the command.</summary>
    public static async Task<int> RunAsync(Invocation invocation)
    {
        var context = CliContext.Of(invocation);
        var command =
            StartCommand.CommandOf(invocation, out var isShell)
            ?? throw new CliException(
                ExitCodes.Usage,
                "run: what?",
                "example: tspm run -- make test",
                ErrorCode.MissingArgument
            );
        await using var client = await context.ConnectToFollowAsync(
            new SmartIpc.Client.ReconnectPolicy()
        );
        var taken = (await client.ListAsync([])).Processes.Select(process => process.Name).ToList();
        var spec = SpecBuilder.Build(invocation, command, isShell, taken, RestartPolicies.Never);
        var isKept = invocation.Has("keep");
        var reply = await client.StartAsync(new StartRequest { Spec = spec, Temporary = !isKept });
        if (reply.Results is not [{ Error: null, Process: { } process }])
        {
            return ActionPrinter.Print(context, reply.Results);
        }

        var exit = await FollowAsync(context, client, process);
        if (!isKept)
        {
            await client.DeleteAsync(new DeleteRequest { Select = [$"{process.Id}"] });
        }

        return exit;
    }

    private static async Task<int> FollowAsync(
        CliContext context,
        TspmIpcClient client,
        ProcessView process
    )
    {
        using var signals = new SignalForwarder(client, process.Id);
        var logs = (await client.ResolveAsync([$"{process.Id}"])).Logs;
        await using var follower = new LogFollower(
            client,
            logs,
            new LogFollowOptions { Tail = long.MaxValue }
        );
        var options = new LogPrinterOptions
        {
            ShowsEvents = false,
            HasColor = context.OutputFacts.HasColor,
            Depth = context.OutputFacts.Depth,
            IsTerminal = context.OutputFacts.IsTerminal,
            SplitsStreams = true,
            Format = context.OutputFacts.IsTerminal ? LogFormat.Short : LogFormat.Raw,
        };
        var printer = new FollowPrinter(context, options, logs);
        await foreach (var told in follower.ReadAsync())
        {
            printer.Print(told);
            if (told is LogBatch batch && RunExit.Find(batch, process.Run) is { } exit)
            {
                printer.End();
                return exit.Signal is { } signal
                    ? ExitCodes.Signal + SignalNames.NumberOf(signal)
                    : exit.Code ?? ExitCodes.Failed;
            }
        }

        throw new CliException(ExitCodes.Failed, "the log ended before the program did");
    }

    /// <summary>Passes signals on to the program; the third Ctrl+C kills it.</summary>
    private sealed class SignalForwarder : IDisposable
    {
        private readonly TspmIpcClient _client;
        private readonly uint _id;
        private readonly PosixSignalRegistration[] _registrations;
        private int _interrupts;

        public SignalForwarder(TspmIpcClient client, uint id)
        {
            _client = client;
            _id = id;
            _registrations =
            [
                PosixSignalRegistration.Create(PosixSignal.SIGINT, context => Forward(context, 2)),
                PosixSignalRegistration.Create(
                    PosixSignal.SIGTERM,
                    context => Forward(context, 15)
                ),
                PosixSignalRegistration.Create(PosixSignal.SIGHUP, context => Forward(context, 1)),
            ];
        }

        public void Dispose()
        {
            foreach (var registration in _registrations)
            {
                registration.Dispose();
            }
        }

        private void Forward(PosixSignalContext context, int signal)
        {
            context.Cancel = true;
            var isThird = signal == 2 && Interlocked.Increment(ref _interrupts) > 2;
            _ = SendAsync(isThird ? KillSignal : signal);
        }

        private async Task SendAsync(int signal)
        {
            try
            {
                await _client.SignalAsync(
                    new SignalRequest
                    {
                        Select = [$"{_id}"],
                        Signal = signal,
                        Group = true,
                    }
                );
            }
            catch (TspmException)
            {
                // The program has ended meanwhile, or the daemon is away: the follow tells which.
            }
        }
    }
}
