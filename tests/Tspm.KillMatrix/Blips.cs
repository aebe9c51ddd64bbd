using System.Diagnostics;
using System.Globalization;
using System.Text;
using Tspm.Protocol.Messages;
using Tspm.TestTools;

namespace Tspm.KillMatrix;

/// <summary>Short programs that end around the kills: their lines and exit codes are known before.</summary>
internal sealed class Blips(Home home, Random random)
{
    private const int LongestPart = 120;
    private const int LongestSleep = 80;
    private const int LongestWaitMs = 1000;
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
            Cwd = home.Root,
            Command = ["/bin/sh", "-c", await ScriptAsync(blip)],
            Env = ["PATH=/usr/bin:/bin"],
            Restart = new RestartSpec { Policy = RestartPolicies.Never },
        };
        var reply = await client.StartAsync(new StartRequest { Spec = spec });
        if (reply.Results is not [{ Error: null }])
        {
            Faults.Add($"{blip.Name} was not started: {reply.Results[0].Message}");
            return;
        }

        _waiting.Add(blip with { Id = reply.Results[0].Id, Run = 1 });
    }

    /// <summary>Something was killed: whatever of them still runs, or has output in its pipe, has lived through it.</summary>
    public void SawKill(KillKind kind)
    {
        if (!Kinds.MayKillBoth(kind))
        {
            return;
        }

        for (var i = 0; i < _waiting.Count; i++)
        {
            _waiting[i] = _waiting[i] with { MayBothHaveDied = true };
        }
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

    /// <summary>Its lines lie in a few files, which a shell prints with pauses: that costs next to nothing.</summary>
    private async Task<string> ScriptAsync(Blip blip)
    {
        var script = new StringBuilder();
        var line = new byte[FlowLines.MaxBytes];
        for (var first = 1; first <= blip.Lines; )
        {
            var end = Math.Min(blip.Lines + 1, first + random.Next(1, LongestPart));
            var name = string.Create(CultureInfo.InvariantCulture, $"{blip.Name}.{first}");
            using var part = new MemoryStream();
            for (; first < end; first++)
            {
                part.Write(line.AsSpan(0, FlowLines.Write(first, line)));
            }

            await File.WriteAllBytesAsync(Path.Join(home.Root, name), part.ToArray());

            script.Append(
                CultureInfo.InvariantCulture,
                $"cat {name}; sleep 0.{random.Next(LongestSleep):d3}; "
            );
        }

        return script.Append(CultureInfo.InvariantCulture, $"exit {blip.Code}").ToString();
    }

    private async Task CheckAsync(Blip blip)
    {
        Checked++;
        var view = await WaitForEndAsync(blip);
        if (view.Run != 1)
        {
            Faults.Add($"{blip} was started again: run {view.Run}");
        }

        // A program has ended before its output has: what lies in the pipe is captured by the keeper that comes next.
        var output = await home.RunAsync("logs", blip.Name, "-n", "all", "-f", "--until-exit");
        var isUncaptured = output.Contains("had both died", StringComparison.Ordinal);
        Uncaptured += isUncaptured ? 1 : 0;
        CheckCode(blip, view);
        var faults = Faults.Count;
        CheckLines(blip, output, isUncaptured);
        if (Faults.Count > faults)
        {
            // What is left of it is looked at.
            Faults.Add(await home.RunAsync("events", blip.Name, "-o", "json"));
            return;
        }

        await home.RunAsync("delete", blip.Name, "--yes");
    }

    private async Task<ProcessView> WaitForEndAsync(Blip blip)
    {
        var watch = Stopwatch.StartNew();
        await using var client = await home.ConnectAsync();
        while (true)
        {
            await client.WaitExitAsync(new WaitExitRequest(blip.Id, blip.Run, LongestWaitMs));
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
        }
    }

    private void CheckCode(Blip blip, ProcessView view)
    {
        var isUnknown = view is { ExitCode: null, ExitSignal: null };
        Unknown += isUnknown ? 1 : 0;
        if (isUnknown ? !blip.MayBothHaveDied : view.ExitCode != blip.Code)
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

        var mayLack = isUncaptured && blip.MayBothHaveDied;
        if (expected != blip.Lines && !mayLack)
        {
            Faults.Add($"{blip}: {expected} lines, {blip.Lines} were written");
        }
    }

    private sealed record Blip(string Name, KillKind Kind, int Lines, int Code)
    {
        public uint Id { get; init; }

        public uint Run { get; init; }

        public bool MayBothHaveDied { get; init; }
    }
}
