using System.Globalization;

namespace Tspm.KillMatrix;

/// <summary>Whether keeper and daemon, as long as they live, need more memory or descriptors for the same work.</summary>
/// <remarks>The first third of the looks is warm-up; over the rest a straight line is laid.</remarks>
internal sealed class Growth
{
    // What one look may differ from the next by chance; over the whole time nothing more may have come.
    private const double MostKiB = 1024;
    private const double MostDescriptors = 2;
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

    /// <summary>Ends when no follower is there any more; what has grown.</summary>
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
                $"{Names[i]}: {steady.DefaultIfEmpty().Average():f0} on average, {rise:+0;-0;0} over {steady.Count} looks; "
            );
            if (rise > MostKiB)
            {
                faults.Add($"{Names[i]} grew");
            }
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
