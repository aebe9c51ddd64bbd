using Tspm.CaptureLog;

namespace Tspm.Logs.Index;

/// <summary>Finds the index files of a process, sets aside what is none, and ends at the last good batch.</summary>
internal static class IndexOpener
{
    private const string Damaged = ".damaged";

    /// <summary>Opens what there is.</summary>
    /// <param name="directory">The process's directory.</param>
    /// <param name="spill">Where it may have gone on in memory.</param>
    /// <param name="process">The process; files of another one are foreign.</param>
    /// <param name="isReadOnly">Nothing is cut, renamed or made.</param>
    /// <exception cref="IOException">The device failed.</exception>
    public static OpenedIndex Open(
        string directory,
        SpillPlace spill,
        uint process,
        bool isReadOnly
    )
    {
        var problems = new List<string>();
        var found = Find(
            directory,
            spill.Process(process),
            spill,
            isReadOnly,
            problems,
            out var damaged,
            out var isOfLaterVersion
        );
        if (isOfLaterVersion)
        {
            SetAsideAll(found, ".later", isReadOnly);
            damaged.ForEach(one => SetAsideUnless(isReadOnly, one.Path, Damaged));
            return new OpenedIndex([], [], problems) { IsOfLaterVersion = true };
        }

        found = WithoutForeign(found, process, isReadOnly, problems);
        Salvage(damaged, found, process, isReadOnly, problems);
        var files = new List<IndexFile>();
        for (var i = found.Count - 1; i >= 0; i--)
        {
            // Where nothing of the newest file is good, the log ends in the one before it.
            // What is told as gone stands in the first batch of each file.
            var isNewest = files.Count == 0;
            var knowsFloor = files.Exists(file => file.IsVerified && file.FirstSlot == 1);
            var fits = knowsFloor && found[i].LastSeq + 1 == found[i + 1].FirstSeq;
            if (fits)
            {
                files.Insert(0, found[i]);
                continue;
            }

            var good = found[i].Verify();
            Report(found[i], good, isNewest ? null : files[0], isReadOnly, problems);
            files.InsertRange(0, good);
        }

        return new OpenedIndex(files, CheckpointsOf(files), problems);
    }

    /// <summary>The newest epoch of the files that were set aside as damaged; 0 if there are none.</summary>
    /// <remarks>Such a file may have been the only one of its epoch, and an epoch is never given twice.</remarks>
    /// <exception cref="IOException">The device failed.</exception>
    public static uint FindDamagedEpoch(string directory)
    {
        uint newest = 0;
        foreach (var path in Directory.EnumerateFiles(directory, "index.*" + Damaged + "*"))
        {
            newest = Math.Max(newest, EpochOf(path));
        }

        return newest;
    }

    /// <summary>The epoch of a damaged file: of its header if that is good, else of any good batch.</summary>
    private static uint EpochOf(string path)
    {
        if (IndexFile.TryOpen(path, isSpill: false, out var file) != IndexVerdict.Damaged)
        {
            return file?.Epoch ?? 0;
        }

        using var handle = File.OpenHandle(path);
        var batches = new IndexBatches(handle, 1, RandomAccess.GetLength(handle) / LogSpan.Size);
        while (batches.MoveNext())
        {
            if (!batches.IsDamaged)
            {
                return batches.Commit.Epoch;
            }
        }

        return 0;
    }

    /// <summary>Takes a file out of the way of the one that will get its name; it is kept for a look.</summary>
    public static void SetAside(string path, string suffix)
    {
        var aside = path + suffix;
        for (var i = 1; File.Exists(aside); i++)
        {
            aside = FormattableString.Invariant($"{path}{suffix}{i}");
        }

        File.Move(path, aside);
        CrashPoint.Pass(CrashPoint.AfterAside);
    }

    private static List<IndexFile> Find(
        string directory,
        string spill,
        SpillPlace place,
        bool isReadOnly,
        List<string> problems,
        out List<(string Path, bool IsSpill)> damaged,
        out bool isOfLaterVersion
    )
    {
        damaged = [];
        isOfLaterVersion = false;
        var files = new List<IndexFile>();
        var paths = List(directory).Select(path => (Path: path, IsSpill: false));
        if (place.IsOurs(spill))
        {
            paths = paths.Concat(List(spill).Select(path => (Path: path, IsSpill: true)));
        }

        foreach (var (path, isSpill) in paths)
        {
            var verdict = IndexFile.TryOpen(path, isSpill, out var file);
            isOfLaterVersion |= verdict == IndexVerdict.LaterVersion;
            if (file is not null)
            {
                Mend(file, isReadOnly, problems);
                files.Add(file);
            }
            else if (verdict == IndexVerdict.Damaged)
            {
                damaged.Add((path, isSpill));
            }
            else
            {
                problems.Add(
                    $"{Path.GetFileName(path)} was written by a later version of tspm{(isReadOnly ? "" : "; this log begins anew")}"
                );
                SetAsideUnless(isReadOnly, path, ".later");
            }
        }

        // A file without an entry has the name of the one that came after it.
        return
        [
            .. files
                .OrderBy(file => file.FirstSeq)
                .ThenBy(file => file.Epoch)
                .ThenBy(file => file.LastSeq),
        ];
    }

    private static void Mend(IndexFile file, bool isReadOnly, List<string> problems)
    {
        if (!file.HasMendedHeader)
        {
            return;
        }

        problems.Add($"{Path.GetFileName(file.Path)} has a damaged header; nothing of it is lost");
        if (!isReadOnly)
        {
            IndexSalvage.WriteHeader(file.Path, file.Header);
        }
    }

    /// <summary>Files without a good header: what their batches hold is kept where it fits among the others.</summary>
    private static void Salvage(
        List<(string Path, bool IsSpill)> damaged,
        List<IndexFile> files,
        uint process,
        bool isReadOnly,
        List<string> problems
    )
    {
        var logId = files is [var first, ..] ? first.LogId : Guid.CreateVersion7();
        foreach (var (path, isSpill) in damaged)
        {
            var name = Path.GetFileName(path);
            if (IndexSalvage.TryInsert(path, isSpill, process, logId, isReadOnly, files))
            {
                problems.Add($"{name} has no good header; what is good of it is kept");
                continue;
            }

            problems.Add($"{name} has no good header{Aside(isReadOnly)}");
            SetAsideUnless(isReadOnly, path, Damaged);
        }
    }

    private static List<IndexFile> WithoutForeign(
        List<IndexFile> found,
        uint process,
        bool isReadOnly,
        List<string> problems
    )
    {
        var own = found
            .Where(file => file.Process == process)
            .GroupBy(file => file.LogId)
            .OrderByDescending(group => group.Count())
            .FirstOrDefault()
            ?.Key;
        foreach (var file in found.Where(file => file.Process != process || file.LogId != own))
        {
            problems.Add(
                $"{Path.GetFileName(file.Path)} belongs to another log{Aside(isReadOnly)}"
            );
            SetAsideUnless(isReadOnly, file.Path, ".foreign");
        }

        return [.. found.Where(file => file.Process == process && file.LogId == own)];
    }

    private static void Report(
        IndexFile file,
        IReadOnlyList<IndexFile> good,
        IndexFile? next,
        bool isReadOnly,
        List<string> problems
    )
    {
        var end = good.Count > 0 ? good[^1].Slots : 0;
        var isOneStretch = good.Count == 1 && good[0].FirstSlot == 1;
        var isNewest = next is null;
        // A batch that the disk did not take whole is written again in the next file: where their seqs meet, nothing
        // is missing.
        var isWhole =
            isOneStretch
            && (end == file.Slots || isNewest || good[0].LastSeq + 1 == next!.FirstSeq);
        if (!isWhole)
        {
            problems.Add($"{Path.GetFileName(file.Path)} is damaged; what is good of it is kept");
        }

        if (good.Count == 0)
        {
            SetAsideUnless(isReadOnly, file.Path, Damaged);
        }
        else if (isNewest && end < file.Slots && !isReadOnly)
        {
            using var handle = File.OpenHandle(
                file.Path,
                FileMode.Open,
                FileAccess.ReadWrite,
                FileShare.ReadWrite | FileShare.Delete
            );
            RandomAccess.SetLength(handle, end * LogSpan.Size);
            CrashPoint.Pass(CrashPoint.AfterCut);
        }
    }

    private static LogSpan[] CheckpointsOf(List<IndexFile> files)
    {
        if (files is not [.., var newest] || !newest.TryRead(out var reader))
        {
            return [];
        }

        using (reader)
        {
            var batch = new LogSpan[newest.LastCommit.Slots];
            var read = reader.Read(newest.Slots - batch.Length, batch);
            return [.. batch.Take(read).Where(slot => slot.Kind == SlotKind.Checkpoint)];
        }
    }

    private static string Aside(bool isReadOnly) => isReadOnly ? "" : " and was set aside";

    private static void SetAsideAll(List<IndexFile> files, string suffix, bool isReadOnly)
    {
        foreach (var file in files)
        {
            SetAsideUnless(isReadOnly, file.Path, suffix);
        }
    }

    private static void SetAsideUnless(bool isReadOnly, string path, string suffix)
    {
        if (!isReadOnly)
        {
            SetAside(path, suffix);
        }
    }

    private static IEnumerable<string> List(string directory) =>
        Directory
            .EnumerateFiles(directory, "index.*")
            .Where(path =>
                Path.GetExtension(path) is { Length: 17 } suffix
                && suffix.AsSpan(1).ContainsAnyExceptInRange('0', '9') is false
            );
}

/// <summary>What was found of an index.</summary>
/// <param name="Files">Its good stretches, in order.</param>
/// <param name="Checkpoints">The checkpoint slots of the last good batch.</param>
/// <param name="Problems">What was wrong, in words.</param>
internal sealed record OpenedIndex(
    IReadOnlyList<IndexFile> Files,
    LogSpan[] Checkpoints,
    IReadOnlyList<string> Problems
)
{
    /// <summary>True if a later version of tspm has written it.</summary>
    public bool IsOfLaterVersion { get; init; }

    /// <summary>The stretches that were told as dropped or suspect.</summary>
    public RangeSlot[] Ranges => Files.LastOrDefault(file => file.Ranges.Length > 0)?.Ranges ?? [];

    /// <summary>The last good commit; null if there is none, so that a new log must begin.</summary>
    public CommitSlot? Last => Files is [.., var newest] ? newest.LastCommit : null;
}
