using System.Runtime.InteropServices;
using Tspm.CaptureLog;

namespace Tspm.Logs;

/// <summary>What is known of the time before a store is opened.</summary>
/// <param name="HadPowerLoss">The machine was started anew without a clean end: what was not on the device may be gone.</param>
/// <param name="SyncedOrd">Everything up to this ord was on the device.</param>
public readonly record struct StorePast(bool HadPowerLoss, ulong SyncedOrd)
{
    /// <summary>Looks at the journal: whether its newest files are of another boot, and how far that one was synced.</summary>
    /// <param name="home">The home.</param>
    /// <param name="boot">The first 8 bytes of this boot's id.</param>
    /// <exception cref="IOException">The device failed.</exception>
    public static StorePast Find(HomePaths home, ulong boot)
    {
        var journal = JournalFiles.Of(home);
        var files = JournalReader.ListFiles(home.Journal);
        var newestOfOther = files.LastOrDefault(first =>
            BootOf(home.JournalFile(first)) is { } of && of != boot
        );
        if (newestOfOther == 0)
        {
            return default;
        }

        // A file is deleted only when all of it is in synced indexes: what is before the oldest one is on the device.
        var synced = files[0];
        using var reader = new JournalReader(journal, files[0]);
        var records = new JournalRecord[1024];
        while (reader.Read(records) is var read and > 0)
        {
            foreach (ref readonly var record in records.AsSpan(0, read))
            {
                var isSynced = record is { Kind: JournalRecordKind.Synced, B: 0 };
                synced = isSynced ? Math.Max(synced, record.Ord) : synced;
            }
        }

        return new StorePast(true, synced);
    }

    private static ulong? BootOf(string path)
    {
        using var file = File.OpenHandle(
            path,
            FileMode.Open,
            FileAccess.Read,
            FileShare.ReadWrite | FileShare.Delete
        );
        Span<JournalRecord> header = stackalloc JournalRecord[1];
        var isWhole =
            RandomAccess.Read(file, MemoryMarshal.AsBytes(header), 0) == JournalRecord.Length
            && header[0].IsIntact
            && header[0].Kind == JournalRecordKind.Header;
        return isWhole ? header[0].B : null;
    }
}
