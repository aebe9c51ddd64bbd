using System.Diagnostics;

namespace Tspm.KillMatrix;

/// <summary>What is killed.</summary>
internal enum KillKind
{
    Daemon,
    Keeper,
    Both,
    DaemonInRecovery,
    KeeperInAdoption,
}

/// <summary>The kills, each at a random moment.</summary>
internal sealed class Kinds(Home home, Random random)
{
    private const int LongestStep = 120;
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(20);

    /// <summary>Kills.</summary>
    public async Task KillAsync(KillKind kind)
    {
        switch (kind)
        {
            case KillKind.Daemon:
                Home.Kill(home.Daemon);
                break;
            case KillKind.Keeper:
                Home.Kill(home.Keeper);
                break;
            case KillKind.Both:
                KillBoth();
                await home.RunAsync("daemon", "start");
                break;
            case KillKind.DaemonInRecovery:
                Home.Kill(await ReplaceAsync(() => home.Daemon));
                break;
            default:
                Home.Kill(await ReplaceAsync(() => home.Keeper));
                break;
        }
    }

    private void KillBoth()
    {
        var (daemon, keeper) = (home.Daemon, home.Keeper);
        if (random.Next(2) == 0)
        {
            (daemon, keeper) = (keeper, daemon);
        }

        Home.Kill(daemon);
        Home.Kill(keeper);
    }

    /// <summary>Kills one and waits for the moment in the life of the next.</summary>
    private async Task<int> ReplaceAsync(Func<int> holder)
    {
        var old = holder();
        Home.Kill(old);
        var watch = Stopwatch.StartNew();
        int next;
        while ((next = holder()) == 0 || next == old)
        {
            if (watch.Elapsed > Deadline)
            {
                throw new TimeoutException($"nobody came after pid {old}");
            }

            await Task.Delay(1);
        }

        await Task.Delay(random.Next(LongestStep));
        return next;
    }
}
