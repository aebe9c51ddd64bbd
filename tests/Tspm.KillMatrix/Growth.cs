using System.Globalization;
using Tspm.CaptureLog;

namespace Tspm.KillMatrix;

/// <summary>Whether keeper and daemon, as long as they live, need more memory or descriptors for the same work.</summary>
/// <remarks>
/// The keeper makes no garbage: the first third of the looks is warm-up, and over the rest a straight line is laid. The daemon does,
/// and what it holds beside it is seen only after it gave back (<see cref="HeapTrim"/>): before and after, it is asked until that is
/// worth while and then left alone for 15 s (a look every 3 s), while the programs go on, and the least that was seen then is compared.
/// </remarks>
internal sealed class Growth
{
    // What one look may differ from the next by chance; over the whole time nothing more may have come.
    private const double MostKiB = 1024;
    private const double MostDescriptors = 2;
    private const int QuietLooks = 60;
    private static readonly TimeSpan BetweenLooks = TimeSpan.FromMilliseconds(250);
    private const int KeeperAt = 1;
    private static readonly string[] Names = ["daemon KiB", "keeper KiB"];
    private readonly Home _home;
    private readonly int _daemon;
    private readonly int _keeper;
    private readonly List<double>[] _looks =
    [
        [],
        [],
    ];
    private readonly (int Daemon, int Keeper) _descriptors;
    private double _least;
    private double _after;

    private Growth(Home home, StatusIds ids)
    {
        _home = home;
        (_daemon, _keeper) = (ids.Daemon, ids.Keeper);
        _descriptors = (Home.CountDescriptors(_daemon), Home.CountDescriptors(_keeper));
    }

    /// <summary>What was seen, for people.</summary>
    public string Text { get; private set; } = "";

    /// <summary>Begins while no follower is there.</summary>
    public static async Task<Growth> BeginAsync(Home home)
    {
        var status = await home.WaitUntilWholeAsync();
        return new Growth(home, new StatusIds(status.Pid, status.KeeperPid));
    }

    /// <summary>Looks once.</summary>
    public void Look()
    {
        _looks[0].Add(Home.AnonymousKiB(_daemon));
        _looks[1].Add(Home.AnonymousKiB(_keeper));
    }

    /// <summary>The warm-up is over: followers came and went, programs were restarted; none follows now.</summary>
    public async Task SettleAsync() => _least = await LeastKiBAsync(_home, _daemon);

    /// <summary>No follower is there any more, and all programs still run.</summary>
    public async Task CompareAsync() => _after = await LeastKiBAsync(_home, _daemon);

    /// <summary>What has grown; nothing runs any more.</summary>
    public async Task<IReadOnlyList<string>> EndAsync()
    {
        var status = await _home.WaitUntilWholeAsync();
        var faults = new List<string>();
        if (status.Pid != _daemon || status.KeeperPid != _keeper)
        {
            faults.Add("daemon or keeper died without being killed");
            return faults;
        }

        for (var i = 0; i < _looks.Length; i++)
        {
            var steady = _looks[i].Skip(_looks[i].Count / 3).ToList();
            var rise = RiseOf(steady);
            Text += string.Create(
                CultureInfo.InvariantCulture,
                $"{Names[i]}: {steady.DefaultIfEmpty().Average():f0} on average, {rise:+0;-0;0} over {steady.Count} looks ({Course(_looks[i])}); "
            );
            if (i == KeeperAt && rise > MostKiB)
            {
                faults.Add($"{Names[i]} grew");
            }
        }

        Text += string.Create(
            CultureInfo.InvariantCulture,
            $"the daemon after collections {_least:f0} KiB, then {_after:f0}; "
        );
        if (_after - _least > MostKiB)
        {
            faults.Add($"{Names[1 - KeeperAt]} grew");
        }

        var (daemon, keeper) = (Home.CountDescriptors(_daemon), Home.CountDescriptors(_keeper));
        Text +=
            $"descriptors of the daemon {_descriptors.Daemon}, then {daemon}; of the keeper {_descriptors.Keeper}, then {keeper} (with all programs stopped)";
        if (
            daemon - _descriptors.Daemon > MostDescriptors
            || keeper - _descriptors.Keeper > MostDescriptors
        )
        {
            faults.Add("descriptors were not given back");
        }

        return faults;
    }

    /// <summary>The least memory of the daemon in the quiet time after it has made garbage: it collects all and gives back what it can.</summary>
    private static async Task<double> LeastKiBAsync(Home home, int daemon)
    {
        await using (var client = await home.ConnectAsync())
        {
            var start = (await client.GetStatusAsync()).AllocatedBytes;
            while ((await client.GetStatusAsync()).AllocatedBytes - start < 2 * HeapTrim.Worth)
            {
                await client.ListAsync([]);
            }
        }

        var least = double.MaxValue;
        for (var looks = 0; looks < QuietLooks; looks++)
        {
            await Task.Delay(BetweenLooks);
            least = Math.Min(least, Home.AnonymousKiB(daemon));
        }

        return least;
    }

    /// <summary>The averages of eighths, the warm-up too: whether it rises, or rose once.</summary>
    private static string Course(List<double> looks)
    {
        const int parts = 8;
        return string.Join(
            ", ",
            looks
                .Chunk(Math.Max(1, (looks.Count + parts - 1) / parts))
                .Select(part => part.Average().ToString("f0", CultureInfo.InvariantCulture))
        );
    }

    /// <summary>How much the straight line through the values rises from the first to the last.</summary>
    private static double RiseOf(IReadOnlyList<double> values)
    {
        var middle = (values.Count - 1) / 2.0;
        var average = values.DefaultIfEmpty().Average();
        double up = 0,
            across = 0;
        for (var i = 0; i < values.Count; i++)
        {
            up += (i - middle) * (values[i] - average);
            across += (i - middle) * (i - middle);
        }

        return across == 0 ? 0 : up / across * (values.Count - 1);
    }

    private readonly record struct StatusIds(int Daemon, int Keeper);
}
