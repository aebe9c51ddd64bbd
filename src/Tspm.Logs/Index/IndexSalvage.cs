using System.Globalization;
using System.Runtime.InteropServices;

namespace Tspm.Logs.Index;

/// <summary>Gives an index file whose header is damaged another one, by its name, its batches and its neighbours.</summary>
/// <remarks>
/// Batches carry checksums of their own, so a damaged header costs only what it alone tells: the identity of the log, which the
/// other files know (else readers are told that the log was made again), and whether memory came before it.
/// </remarks>
internal static class IndexSalvage
{
    /// <summary>Takes a damaged file in among the good ones; false if it holds no good batch or does not fit between them.</summary>
    /// <param name="path">The file.</param>
    /// <param name="isSpill">Whether it is in the spill directory.</param>
    /// <param name="process">The process whose directory it is in.</param>
    /// <param name="logId">The log of the other files; of one that has none, its own.</param>
    /// <param name="isReadOnly">The header is not written.</param>
    /// <param name="files">The good files, in order.</param>
    /// <exception cref="IOException">The device failed.</exception>
    public static bool TryInsert(
        string path,
        bool isSpill,
        uint process,
        Guid logId,
        bool isReadOnly,
        List<IndexFile> files
    )
    {
        if (!TryFindHeader(path, process, logId, out var header))
        {
            return false;
        }

        var file = IndexFile.WithHeader(path, isSpill, header);
        var at = files.FindLastIndex(before => before.FirstSeq < file.FirstSeq) + 1;
        var fits =
            (
                at == 0
                || (files[at - 1].LastSeq < file.FirstSeq && files[at - 1].Epoch <= file.Epoch)
            )
            && (
                at == files.Count
                || (file.LastSeq < files[at].FirstSeq && file.Epoch <= files[at].Epoch)
            );
        if (!fits)
        {
            return false;
        }

        files.Insert(at, file);
        if (!isReadOnly)
        {
            WriteHeader(path, header);
        }

        return true;
    }

    private static bool TryFindHeader(string path, uint process, Guid logId, out HeaderSlot header)
    {
        header = default;
        var isNamed = long.TryParse(
            Path.GetExtension(path.AsSpan())[1..],
            NumberStyles.None,
            CultureInfo.InvariantCulture,
            out var firstSeq
        );
        using var handle = IndexFile.OpenHandle(path);
        var batches = new IndexBatches(handle, 1, RandomAccess.GetLength(handle) / LogSpan.Size);
        while (isNamed && batches.MoveNext())
        {
            if (!batches.IsDamaged)
            {
                var wall = WallOf(batches.Slots);
                header = HeaderSlot.Create(logId, firstSeq, batches.Commit.Epoch, process, wall);
                return batches.Commit.LastSeq >= firstSeq - 1;
            }
        }

        return false;
    }

    private static long WallOf(ReadOnlySpan<LogSpan> batch)
    {
        foreach (ref readonly var slot in batch)
        {
            if (slot.IsEntry)
            {
                return slot.Wall;
            }
        }

        return 0;
    }

    /// <summary>Writes a header in place of the one that is damaged.</summary>
    /// <exception cref="IOException">The device failed.</exception>
    public static void WriteHeader(string path, in HeaderSlot header)
    {
        DiskSeam.Pass(DiskStep.Write);
        using var handle = File.OpenHandle(
            path,
            FileMode.Open,
            FileAccess.ReadWrite,
            FileShare.ReadWrite | FileShare.Delete
        );
        RandomAccess.Write(
            handle,
            MemoryMarshal.AsBytes(new ReadOnlySpan<HeaderSlot>(in header)),
            0
        );
    }
}
