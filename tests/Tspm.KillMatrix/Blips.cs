using System.Diagnostics;
using System.Globalization;
using System.Text;
using Tspm.Protocol.Messages;
using Tspm.TestTools;

namespace Tspm.KillMatrix;

/// <summary>Short programs that end around the kills: their lines and exit codes are known before.</summary>
internal sealed class Blips(Home home, Random random)
{
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(20);
    private readonly List<Blip> _waiting = [];
    private int _number;

    /// <summary>Programs that were checked.</summary>
    public int Checked { get; private set; }

    /// <summary>Exit codes that nobody knows.</summary>
    public int Unknown { get; private set; }

    /// <summary>Programs whose last output was told as uncaptured.</summary>
    public int Uncaptured { get; private set; }

    /// <summary>What was wrong.</summary>
    public List<string> Faults { get; } = [];

    /// <summary>Starts one that ends soon.</summary>
    public async Task StartAsync(KillKind kind)
    {
        var blip = new Blip($"blip{++_number}", kind, random.Next(1, 400), random.Next(256));
        await using var client = await home.ConnectAsync();
        var spec = new ProcessSpec
        {
            Name = blip.Name,
            Cwd = "/",
            Command =
            [
                Path.Join(AppContext.BaseDirectory, "kid"),
                "flow",
                "2000",
                Text(blip.Lines),
                "-",
                Path.Join(home.Root, blip.Name),
                "exit",
                Text(blip.Code),
            ],
            Env = ["PATH=/usr/bin:/bin", "DOTNET_TieredCompilation=1"],
            Restart = new RestartSpec { Policy = RestartPolicies.Never },
        };
        var reply = await client.StartAsync(new StartRequest { Spec = spec });
        if (reply.Results is not [{ Error: null }])
        {
            Faults.Add($"{blip.Name} was not started: {reply.Results[0].Message}");
            return;
        }

        _waiting.Add(blip);
    }

    /// <summary>Compares all that have been started with what was seen of them, and deletes them.</summary>
    public async Task CheckAsync()
    {
        foreach (var blip in _waiting)
        {
            await CheckAsync(blip);
        }

        _waiting.Clear();
    }

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);

    private async Task CheckAsync(Blip blip)
    {
        Checked++;
        var view = await WaitForEndAsync(blip);
        if (view.Run != 1)
        {
            Faults.Add($"{blip} was started again: run {view.Run}");
        }

        var output = await home.RunAsync("logs", blip.Name, "-n", "all");
        var isUncaptured = output.Contains("had both died", StringComparison.Ordinal);
        Uncaptured += isUncaptured ? 1 : 0;
        CheckCode(blip, view);
        CheckLines(blip, output, isUncaptured);
        await home.RunAsync("delete", blip.Name, "--yes");
    }

    private async Task<ProcessView> WaitForEndAsync(Blip blip)
    {
        var watch = Stopwatch.StartNew();
        while (true)
        {
            await using var client = await home.ConnectAsync();
            var view = (await client.ListAsync([blip.Name])).Processes[0];
            if (
                view.Status
                is not (
                    ProcessStatuses.Running
                    or ProcessStatuses.Starting
                    or ProcessStatuses.Stopping
                )
            )
            {
                return view;
            }

            if (watch.Elapsed > Deadline)
            {
                throw new TimeoutException($"{blip} does not end: {view.StatusText}");
            }

            await Task.Delay(5);
        }
    }

    private void CheckCode(Blip blip, ProcessView view)
    {
        var isUnknown = view is { ExitCode: null, ExitSignal: null };
        Unknown += isUnknown ? 1 : 0;
        if (isUnknown ? blip.Kind != KillKind.Both : view.ExitCode != blip.Code)
        {
            Faults.Add($"{blip} ended as {view.StatusText}, not with {blip.Code}");
        }
    }

    private void CheckLines(Blip blip, string output, bool isUncaptured)
    {
        var expected = 0L;
        foreach (var line in output.Split('\n', StringSplitOptions.RemoveEmptyEntries))
        {
            if (line.StartsWith("-- ", StringComparison.Ordinal))
            {
                continue;
            }

            if (
                !FlowLines.TryRead(Encoding.UTF8.GetBytes(line), out var number)
                || number != ++expected
            )
            {
                Faults.Add($"{blip}: after {expected - 1}: {line}");
                return;
            }
        }

        var mayLack = isUncaptured && blip.Kind == KillKind.Both;
        if (expected != blip.Lines && !mayLack)
        {
            Faults.Add($"{blip}: {expected} lines, {blip.Lines} were written");
        }
    }

    private sealed record Blip(string Name, KillKind Kind, int Lines, int Code);
}
