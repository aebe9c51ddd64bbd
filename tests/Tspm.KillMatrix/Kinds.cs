using Tspm.CaptureLog;

namespace Tspm.KillMatrix;

/// <summary>What is killed.</summary>
internal enum KillKind
{
    Daemon,
    Keeper,
    Both,
    DaemonInRecovery,
    KeeperInAdoption,
    InRotation,
    InUpgrade,
    BetweenSpliceAndJournal,
}

/// <summary>The kills, each at a random moment of what it is aimed at.</summary>
internal sealed class Kinds(Home home, Random random)
{
    private const int LongestStep = 120;
    private const int LongestUpgrade = 400;

    // About what it takes from the name of a new file to the record that tells of it.
    private const int LongestRotation = 20_000;

    /// <summary>True if nobody may be left who knows how a program ended: DESIGN section 6 admits "unknown" there.</summary>
    public static bool MayKillBoth(KillKind kind) => kind is KillKind.Both or KillKind.InUpgrade;

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
                Home.Kill(await ReplaceAsync(home.Paths.DaemonLock));
                break;
            case KillKind.KeeperInAdoption:
                Home.Kill(await ReplaceAsync(home.Paths.KeeperLock));
                break;
            case KillKind.InRotation:
                await KillInRotationAsync();
                break;
            case KillKind.InUpgrade:
                await KillInUpgradeAsync();
                break;
            default:
                await KillBetweenStepsAsync();
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
    private async Task<int> ReplaceAsync(string path)
    {
        var old = LockHolder.Find(path);
        using var changes = new Changes(home.Paths.Machine, Path.GetFileName(path));
        Home.Kill(old);
        var next = 0;
        await changes.UntilAsync(
            () => (next = LockHolder.Find(path)) != 0 && next != old,
            $"somebody comes after pid {old}"
        );
        await Task.Delay(random.Next(LongestStep));
        return next;
    }

    /// <summary>A file of the flow is new: its keeper, or the daemon that takes its old files, dies now.</summary>
    private async Task KillInRotationAsync()
    {
        var (daemon, keeper) = (home.Daemon, home.Keeper);
        var victim = random.Next(4) == 0 ? daemon : keeper;
        var files = home.Paths.Process(home.FlowId);
        using var changes = new Changes(files, "out.*");
        var before = Newest(files);
        await changes.UntilAsync(
            () => Newest(files) != before,
            "the flow's file is followed by another"
        );
        Thread.SpinWait(random.Next(LongestRotation));
        Home.Kill(victim);
    }

    private static string? Newest(string files) =>
        Directory.EnumerateFiles(files, "out.*").Max(StringComparer.Ordinal);

    /// <summary>Daemon or keeper dies while both are being replaced by a program.</summary>
    private async Task KillInUpgradeAsync()
    {
        using var upgrade = home.Start("daemon", "upgrade", "-q");
        upgrade.StandardInput.Close();
        var ending = Task.WhenAll(
            upgrade.StandardOutput.ReadToEndAsync(),
            upgrade.StandardError.ReadToEndAsync()
        );
        await Task.Delay(random.Next(LongestUpgrade));
        Home.Kill(random.Next(2) == 0 ? home.Daemon : home.Keeper);
        await ending;
        await upgrade.WaitForExitAsync();
        home.Forget(upgrade);

        // Both may have been gone at once: one by the kill, the other because it was asked to leave.
        await home.RunAsync("daemon", "start");
    }

    /// <summary>The keeper dies at its next splice, before the journal has it.</summary>
    private async Task KillBetweenStepsAsync()
    {
        using var changes = new Changes(
            Path.GetDirectoryName(home.Aim)!,
            Path.GetFileName(home.Aim)
        );
        await File.WriteAllTextAsync(home.Aim, "");
        await changes.UntilAsync(() => !File.Exists(home.Aim), "the keeper splices");
    }
}
