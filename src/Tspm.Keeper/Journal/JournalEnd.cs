using Tspm.CaptureLog;

namespace Tspm.Keeper.Journal;

/// <summary>Where the journal of older keepers ends.</summary>
internal static class JournalEnd
{
    // After a reboot: more records than a keeper writes between two syncs, or had in a spill that the page tells of.
    private const ulong RebootGap = 1 << 24;

    /// <summary>The ord that a new keeper begins with, after all that is there and all that a daemon may have seen.</summary>
    public static ulong FindNextOrd(JournalFiles places, ulong told, ulong consumed)
    {
        var files = places.List();
        var next = Math.Max(1, Math.Max(told, consumed));
        if (files.Count == 0)
        {
            return next;
        }

        using var reader = new JournalReader(places, files[^1]);
        var records = new JournalRecord[1024];
        while (reader.Read(records) > 0)
        {
            // Only the position counts.
        }

        next = Math.Max(next, Math.Max(reader.Position, files[^1]));
        return reader.Boot == BootId.First8 ? next : next + RebootGap;
    }
}
