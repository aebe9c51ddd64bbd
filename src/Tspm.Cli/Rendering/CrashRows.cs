using Tspm.Protocol.Messages;

namespace Tspm.Cli.Rendering;

/// <summary>Which starts and ends of a program that is started again and again are shown: ten within a minute, then one a minute; pure.</summary>
internal sealed class CrashRows
{
    /// <summary>So many are shown before it is a loop.</summary>
    public const int MostShown = 10;

    private readonly Dictionary<uint, Loop> _loops = [];

    /// <summary>Takes an entry, in the order of its log.</summary>
    /// <param name="log">The process.</param>
    /// <param name="told">What it tells.</param>
    /// <param name="wall">When, in units of 100 ns.</param>
    /// <returns>True if it is shown.</returns>
    public bool Take(uint log, LogEvent told, long wall)
    {
        var isOfLoop =
            told.What == LogEvents.RunStart
            || (told.What is LogEvents.RunExit or LogEvents.SpawnFailed && told.Next == "restart");
        if (!isOfLoop)
        {
            return true;
        }

        var loop = _loops.GetValueOrDefault(log);

        // A clock that was set back begins a minute too.
        if (loop is null || wall - loop.Begin is < 0 or >= TimeSpan.TicksPerMinute)
        {
            loop = new Loop(wall, loop is { Seen: > MostShown }, 0);
        }

        loop = loop with { Seen = loop.Seen + 1 };
        _loops[log] = loop;
        return loop.Seen <= (loop.IsOn ? 1 : MostShown);
    }

    private sealed record Loop(long Begin, bool IsOn, int Seen);
}
