using System.Diagnostics;
using System.Globalization;

namespace Tspm.KillMatrix;

/// <summary>30 programs of mixed rates for a long time; keeper, daemon and programs are killed, restarted, stopped, followers come and go.</summary>
/// <remarks>
/// In the second half keeper and daemon live: only what does not end can grow. At the end every line that any run says it
/// wrote must be in the logs, once and in order.
/// </remarks>
internal sealed class Soak(MatrixOptions options, TimeSpan time)
{
    private const int Programs = 30;
    private const int MostFollowers = 4;
    private const int LongestPause = 1200;
    private static readonly int[] Rates = [1, 5, 20, 100, 400, 1500];
    private readonly Random _random = new(options.Seed);
    private readonly Dictionary<string, int> _counts = [];
    private readonly List<(FlowFollower Follower, string Name)> _followers = [];
    private readonly List<string> _faults = [];
    private long _shown;

    /// <summary>Runs it; true if nothing was wrong.</summary>
    public async Task<bool> RunAsync()
    {
        await using var home = new Home(options.Binary);
        await home.RunAsync("daemon", "start");
        var programs = new List<SoakProgram>();
        for (var i = 0; i < Programs; i++)
        {
            programs.Add(await SoakProgram.StartAsync(home, i + 1, Rates[i % Rates.Length]));
        }

        var watch = Stopwatch.StartNew();
        while (watch.Elapsed < time / 2)
        {
            await StepAsync(home, programs, killsUs: true);
        }

        await EndFollowersAsync();
        var growth = await Growth.BeginAsync(home);
        await LookAsync(home, programs, growth, () => watch.Elapsed < time * 2 / 3);
        await EndFollowersAsync();
        await growth.SettleAsync();
        await LookAsync(home, programs, growth, () => watch.Elapsed < time);

        await EndFollowersAsync();
        await growth.CompareAsync();
        await home.RunAsync(["stop", .. programs.Select(program => program.Name)]);
        _faults.AddRange(await growth.EndAsync());
        var lines = 0L;
        foreach (var program in programs)
        {
            lines += await program.CheckAsync(home, _faults);
        }

        Report(watch.Elapsed, lines, programs, growth);
        home.IsKept = options.Keep && _faults.Count > 0;
        return _faults.Count == 0;
    }

    private async Task LookAsync(
        Home home,
        IReadOnlyList<SoakProgram> programs,
        Growth growth,
        Func<bool> goesOn
    )
    {
        while (goesOn())
        {
            await StepAsync(home, programs, killsUs: false);
            growth.Look();
        }
    }

    private void Report(
        TimeSpan took,
        long lines,
        IReadOnlyList<SoakProgram> programs,
        Growth growth
    )
    {
        var done = string.Join(
            ", ",
            _counts.OrderBy(pair => pair.Key).Select(pair => $"{pair.Value} {pair.Key}")
        );
        Console.WriteLine(
            string.Create(
                CultureInfo.InvariantCulture,
                $"{Programs} programs, {took.TotalMinutes:f1} min, seed {options.Seed}; {done}; {lines} lines of {programs.Sum(program => program.Runs)} runs are all there; followers showed {_shown}"
            )
        );
        Console.WriteLine(growth.Text);
        foreach (var fault in _faults)
        {
            Console.WriteLine(fault);
        }

        Console.WriteLine(_faults.Count == 0 ? "sums exact, nothing grew" : "FAILED");
    }

    private async Task StepAsync(Home home, IReadOnlyList<SoakProgram> programs, bool killsUs)
    {
        await Task.Delay(_random.Next(LongestPause));
        var name = programs[_random.Next(programs.Count)].Name;
        switch (_random.Next(killsUs ? 8 : 5))
        {
            case 0:
                Count("restarts");
                await home.RunAsync("restart", name);
                break;
            case 1:
                Count("stops and starts");
                await home.RunAsync("stop", name);
                await home.RunAsync("start", name);
                break;
            case 2:
                Count("programs killed");
                await using (var client = await home.ConnectAsync())
                {
                    Home.Kill((await client.ListAsync([name])).Processes[0].Pid ?? 0);
                }

                break;
            case 3 or 4 when _followers.Count < MostFollowers:
                Count("followers");
                var follow = home.Start([
                    "logs",
                    name,
                    "-f",
                    "-n",
                    "0",
                    "--no-events",
                    "--receipt",
                    "--raw",
                ]);
                _followers.Add((new FlowFollower(follow, hasRuns: true), name));
                break;
            case 3 or 4:
                await EndFollowerAsync(_random.Next(_followers.Count));
                break;
            case 5:
                Count("daemons killed");
                Home.Kill(home.Daemon);
                await home.WaitUntilWholeAsync();
                break;
            case 6:
                Count("keepers killed");
                Home.Kill(home.Keeper);
                await home.WaitUntilWholeAsync();
                break;
            default:
                Count("times both killed");
                Home.Kill(home.Keeper);
                Home.Kill(home.Daemon);
                await home.RunAsync("daemon", "start");
                await home.WaitUntilWholeAsync();
                break;
        }
    }

    private void Count(string what) => _counts[what] = _counts.GetValueOrDefault(what) + 1;

    private async Task EndFollowersAsync()
    {
        while (_followers.Count > 0)
        {
            await EndFollowerAsync(_followers.Count - 1);
        }
    }

    private async Task EndFollowerAsync(int at)
    {
        var (follower, name) = _followers[at];
        _followers.RemoveAt(at);
        var (shown, lost) = await follower.EndAsync();
        _shown += shown;
        if (
            follower is not { Lost: 0, Doubled: 0, Damaged: 0 }
            || lost != 0
            || shown != follower.Shown
        )
        {
            _faults.Add(
                $"a follower of {name} counted {follower.Shown} lines, {follower.Lost} lost, {follower.Doubled} doubled, {follower.Damaged} damaged ({follower.Fault}); its receipt: {shown} shown, {lost} lost"
            );
        }
    }
}
