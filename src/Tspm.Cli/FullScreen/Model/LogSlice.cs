namespace Tspm.Cli.FullScreen.Model;

/// <summary>A stretch of a log that is in memory; never changed.</summary>
/// <param name="LogId">The log.</param>
/// <param name="Epoch">The epoch of its last entries.</param>
/// <param name="After">The seq before the first one covered.</param>
/// <param name="UpTo">The last seq covered.</param>
/// <param name="Head">The newest seq that is known of.</param>
/// <param name="OldestDisk">The oldest seq that is kept.</param>
/// <param name="Lines">In order of seq.</param>
internal sealed record LogSlice(
    string LogId,
    uint Epoch,
    long After,
    long UpTo,
    long Head,
    long OldestDisk,
    IReadOnlyList<LogLine> Lines
)
{
    /// <summary>Lines in memory of one log at the most.</summary>
    public const int MaxLines = 4_000;

    /// <summary>Nothing is kept before it.</summary>
    public bool ReachesStart => After < Math.Max(1, OldestDisk);

    /// <summary>Nothing comes after it, as far as is known.</summary>
    public bool ReachesHead => UpTo >= Head;

    /// <summary>A slice that is one page.</summary>
    public static LogSlice Of(LoadedPage page) =>
        new(page.LogId, page.Epoch, page.After, page.UpTo, page.Head, page.OldestDisk, page.Lines);

    /// <summary>With a page after it; the page alone if they do not fit together. What is too much goes at the other end.</summary>
    public LogSlice Append(LoadedPage page)
    {
        // Another epoch goes on with this one only where this one ends: else its end was lost, and other entries have its seqs.
        var goesOn = page.Epoch == Epoch ? page.After <= UpTo : page.EpochBefore == UpTo;
        if (page.LogId != LogId || !goesOn || page.UpTo < UpTo)
        {
            return Of(page);
        }

        var lines = Lines.Concat(page.Lines.Where(line => line.Seq > UpTo)).ToArray();
        var over = Math.Max(0, lines.Length - MaxLines);
        return this with
        {
            After = over > 0 ? lines[over - 1].LastSeq : After,
            Epoch = page.Epoch,
            UpTo = page.UpTo,
            Head = Math.Max(Head, page.Head),
            OldestDisk = page.OldestDisk,
            Lines = over > 0 ? lines[over..] : lines,
        };
    }

    /// <summary>With a page before it; the page alone if they do not fit together. What is too much goes at the other end.</summary>
    public LogSlice Prepend(LoadedPage page)
    {
        // Epochs only rise: a later one before this stretch has taken the place of it.
        if (page.LogId != LogId || page.Epoch > Epoch || page.UpTo < After || page.After > After)
        {
            return Of(page);
        }

        var lines = page.Lines.Where(line => line.Seq <= After).Concat(Lines).ToArray();
        var isOver = lines.Length > MaxLines;
        return this with
        {
            After = page.After,
            UpTo = isOver ? lines[MaxLines].Seq - 1 : UpTo,
            Head = Math.Max(Head, page.Head),
            OldestDisk = page.OldestDisk,
            Lines = isOver ? lines[..MaxLines] : lines,
        };
    }
}
