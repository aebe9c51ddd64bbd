using Tspm.Keeper.Interop;

namespace Tspm.Keeper.Capture;

/// <summary>Whether the file that we write is still the one that its name means, with all that we wrote.</summary>
internal static class FileChecks
{
    private const int Block = 4096;

    /// <summary>What is gone of it; null if nothing is.</summary>
    public static FileLoss? FindLoss(DataFile file)
    {
        var length = file.Length;
        if (!FileFacts.TryRead(file.Path, out var facts) || facts.Inode != file.Inode)
        {
            return new FileLoss(0, length);
        }

        if (facts.Size < length)
        {
            return new FileLoss(facts.Size, length);
        }

        // Cut and written on since the last look: between the cut and the next write there is a hole.
        var from = Math.Max(0, file.CheckedLength - 1);
        if (length > 0)
        {
            var hole = FileFacts.FindHole(file.Descriptor, from);
            if (hole >= 0 && hole < length)
            {
                return MeasureHole(file, length);
            }
        }

        file.CheckedLength = length;
        return null;
    }

    private static FileLoss MeasureHole(DataFile file, long length)
    {
        var from = FileFacts.FindHole(file.Descriptor, 0);
        var to = from;
        for (var hole = from; hole >= 0 && hole < length; )
        {
            to = FileFacts.FindData(file.Descriptor, hole);
            to = to < 0 ? length : to;
            hole = FileFacts.FindHole(file.Descriptor, to);
        }

        return Narrow(file.Path, from, to, length);
    }

    /// <summary>A hole begins and ends with a block; the bytes of the blocks beside it that are zero are gone too.</summary>
    private static FileLoss Narrow(string path, long from, long to, long length)
    {
        Span<byte> block = stackalloc byte[Block];
        using var handle = File.OpenHandle(
            path,
            FileMode.Open,
            FileAccess.Read,
            FileShare.ReadWrite | FileShare.Delete
        );
        var before = block[..(int)Math.Min(Block, from)];
        var read = RandomAccess.Read(handle, before, from - before.Length);
        var kept = before[..read].LastIndexOfAnyExcept((byte)0) + 1;
        var after = block[..(int)Math.Min(Block, length - to)];
        from -= before.Length - kept;
        read = RandomAccess.Read(handle, after, to);
        var next = after[..read].IndexOfAnyExcept((byte)0);
        return new FileLoss(from, to + (next < 0 ? read : next));
    }
}

/// <summary>Bytes of a file that are gone.</summary>
/// <param name="From">Place in the file of the first.</param>
/// <param name="To">Place after the last; the same as <paramref name="From"/> if the file was gone before anything was in it.</param>
internal readonly record struct FileLoss(long From, long To)
{
    /// <summary>What the file is still long, of what it should be: a hole does not make it shorter.</summary>
    public long KeptOf(long length) => To < length ? length : From;
}
