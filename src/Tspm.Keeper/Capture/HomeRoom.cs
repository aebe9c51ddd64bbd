using System.Globalization;
using Tspm.CaptureLog;
using Tspm.Keeper.Interop;

namespace Tspm.Keeper.Capture;

/// <summary>How much room all processes of a home have together, on its disk and in its spill.</summary>
/// <remarks>Shared by all capture threads and the sync thread; numbers only, each changed as a whole.</remarks>
internal sealed class HomeRoom
{
    /// <summary>A spill file that holds as much is followed by a new one.</summary>
    public const long SpillFileBytes = 4 * 1024 * 1024;

    /// <summary>All spill files of a process.</summary>
    public const long SpillProcessBytes = 2 * SpillFileBytes;

    private const long Mebibyte = 1024 * 1024;
    private const long DefaultReserve = 64 * Mebibyte;
    private const long DefaultHomeBytes = 2048 * Mebibyte;
    private const long DaemonComesFirst = 64 * Mebibyte;
    private readonly HomePaths _home;
    private long _bytes;
    private long _spillBytes;
    private int _mustMeasure = 1;

    // Spill bytes of processes without a run; the control thread's.
    private readonly Dictionary<uint, long> _resting = [];

    /// <summary>Makes the room of a home.</summary>
    public HomeRoom(HomePaths home, SpillPlace spill)
    {
        _home = home;
        Spill = spill;
    }

    /// <summary>Where the home's spill lies.</summary>
    public SpillPlace Spill { get; }

    /// <summary>Bytes of the file system that are left alone; null: the larger of 64 MiB and 1 %.</summary>
    public long? Reserve { get; init; }

    /// <summary>What all data files of the home may hold before the keeper deletes.</summary>
    public long MaxBytes { get; init; } = DefaultHomeBytes + DaemonComesFirst;

    /// <summary>A busy stream looks at its file and room at most so often, ns.</summary>
    public long LookEvery { get; init; } = 1_000_000_000;

    /// <summary>A home that refused is tried again after this, ns.</summary>
    public long RetryAfter { get; init; } = 2_000_000_000;

    /// <summary>The same for a stream that has nothing to write, ns.</summary>
    public long QuietRetryAfter { get; init; } = 2_000_000_000;

    /// <summary>The ord before which the daemon has consumed everything.</summary>
    public Func<ulong> Consumed { get; init; } = () => 0;

    /// <summary>True if the spill files of all processes hold too much.</summary>
    public bool IsSpillFull => Interlocked.Read(ref _spillBytes) > SpillPlace.MaxBytes;

    /// <summary>True if the data files of all processes hold too much, as far as is known.</summary>
    public bool IsHomeFull => Interlocked.Read(ref _bytes) > MaxBytes;

    /// <summary>With what the environment says (docs/capture-log.md section 2.2).</summary>
    public static HomeRoom FromEnvironment(HomePaths home, Func<ulong> consumed) =>
        new(home, SpillPlace.Of(home))
        {
            Reserve = ReadBytes("TSPM_RESERVE_BYTES"),
            MaxBytes = (ReadBytes("TSPM_HOME_BYTES") ?? DefaultHomeBytes) + DaemonComesFirst,
            Consumed = consumed,
        };

    /// <summary>Data files of the home grew or went.</summary>
    public void Add(long bytes) => Interlocked.Add(ref _bytes, bytes);

    /// <summary>Spill files of the home grew or went.</summary>
    public void AddSpill(long bytes) => Interlocked.Add(ref _spillBytes, bytes);

    /// <summary>A process has no run any more; its spill stays.</summary>
    public void Rest(uint process, long spillBytes) => _resting[process] = spillBytes;

    /// <summary>A process is counted anew.</summary>
    public void TakeResting(uint process)
    {
        _resting.Remove(process, out var bytes);
        AddSpill(-bytes);
    }

    /// <summary>True if the file system of this file has less left than its reserve.</summary>
    public bool IsVolumeFull(int file)
    {
        if (Reserve == 0 || !FileFacts.TryReadVolume(file, out var free, out var size))
        {
            return false;
        }

        return free < (Reserve ?? Math.Max(DefaultReserve, size / 100));
    }

    /// <summary>The sync thread: files that a daemon deleted are no longer counted.</summary>
    public void Measure()
    {
        if (Interlocked.Exchange(ref _mustMeasure, 0) == 0 && !IsHomeFull)
        {
            return;
        }

        long total = 0;
        foreach (var directory in Directory.EnumerateDirectories(_home.Processes))
        {
            try
            {
                foreach (var file in new DirectoryInfo(directory).EnumerateFiles())
                {
                    total += StreamName.TryParseDataFile(file.Name, out _, out _) ? file.Length : 0;
                }
            }
            catch (IOException)
            {
                // A process or file that was deleted while we looked.
            }
        }

        Interlocked.Exchange(ref _bytes, total);
    }

    private static long? ReadBytes(string name) =>
        long.TryParse(
            Environment.GetEnvironmentVariable(name),
            NumberStyles.None,
            CultureInfo.InvariantCulture,
            out var bytes
        )
            ? bytes
            : null;
}
