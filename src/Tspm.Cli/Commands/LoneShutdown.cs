using System.Globalization;
using Tspm.CaptureLog.Control;
using Tspm.Cli.Launch;
using Tspm.Cli.Rendering;
using Tspm.Daemon;

namespace Tspm.Cli.Commands;

/// <summary>A shutdown by the keeper alone: it knows signal and grace of each program from its spawn.</summary>
internal static class LoneShutdown
{
    private static readonly TimeSpan Margin = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan Look = TimeSpan.FromMilliseconds(250);

    /// <summary>Stops everything; exit 9, with names, if something survived.</summary>
    public static int Run(CliContext context, int? timeoutMs)
    {
        using var keeper = KeeperCaller.TryConnect(context.Home);
        if (keeper is null)
        {
            context.Say("no daemon runs");
            return ExitCodes.Done;
        }

        var pid = (int)(keeper.GetFacts()?.Pid ?? 0);
        var list =
            keeper.StopAll((uint?)timeoutMs)
            ?? throw new CliException(
                ExitCodes.Failed,
                "the keeper does not answer",
                $"see: {context.Home.KeeperLog}"
            );
        var names = DaemonHost
            .ReadSaved(context.Home)
            .ToDictionary(saved => saved.Id, saved => saved.Name);
        string NameOf(StoppingRun run) =>
            names.TryGetValue(run.Process, out var name) ? name : run.Program;
        Wait(context, keeper, list, NameOf);
        if (!ProcessEnd.Wait(pid, Margin))
        {
            context.Say($"tspm: the keeper (pid {pid}) has not ended: something it runs is alive");
            return ExitCodes.Partly;
        }

        var code = ExitCodes.Done;
        foreach (var run in list.Runs)
        {
            if (ProcessEnd.FindGroup((int)run.Pid) is { Count: > 0 } left)
            {
                code = ExitCodes.Partly;
                context.Say(
                    $"tspm: {NameOf(run)}: still alive: pid {string.Join(", ", left)} (of its process group)"
                );
            }
        }

        if (!context.IsJson && context.Quiet == 0)
        {
            context.Say("tspm is shut down");
        }

        return code;
    }

    private static void Wait(
        CliContext context,
        KeeperCaller keeper,
        StopList list,
        Func<StoppingRun, string> nameOf
    )
    {
        var time = TimeProvider.System;
        var begin = time.GetTimestamp();
        var left = list.Runs.ToList();
        var progress = Progress.Begin(context);
        var limit =
            TimeSpan.FromMilliseconds(list.Runs.Select(run => run.GraceMs).DefaultIfEmpty(0u).Max())
            + Margin;
        while (left.Count > 0 && time.GetElapsedTime(begin) < limit)
        {
            switch (keeper.Next(Look, out var frame, out var body))
            {
                case true when frame.Kind == ControlKind.RunEnded:
                    var fields = new ControlReader(body);
                    var (process, number) = (fields.U32(), fields.U32());
                    var ended = left.Find(run => run.Process == process && run.Run == number);
                    if (left.Remove(ended))
                    {
                        progress?.Clear();
                        Tell(context, nameOf(ended), time.GetElapsedTime(begin), ended.GraceMs);
                    }

                    break;
                case false:
                    // The keeper has ended, and it does so only when all have.
                    progress?.Clear();
                    return;
                case null:
                    progress?.Draw(
                        StopProgress.RowsOf(
                            [
                                .. left.Select(run => new StopTarget(
                                    "",
                                    nameOf(run),
                                    (int)run.GraceMs,
                                    Stop: null
                                )),
                            ],
                            time.GetElapsedTime(begin)
                        )
                    );
                    break;
                default:
                    break;
            }
        }

        progress?.Clear();
    }

    private static void Tell(CliContext context, string name, TimeSpan took, uint graceMs)
    {
        context.PrintLine(
            string.Create(
                CultureInfo.InvariantCulture,
                $"{TerminalSanitizer.Clean(name)} stopped after {took.TotalSeconds:0.0}s of {graceMs / 1000.0:0.#}s"
            )
        );
        context.Output.Flush();
    }
}
