using Tspm.Logs.Index;

namespace Tspm.Logs;

/// <summary>Where a batch goes: into the newest index file, into memory while the disk refuses, into the home again when it does not.</summary>
/// <remarks>One owner: the ingest thread. What it writes is what the sequencer holds; the owner adds the commit.</remarks>
/// <param name="index">The index.</param>
/// <param name="sequencer">What is to be written.</param>
/// <param name="away">Streams whose bytes are in memory.</param>
/// <param name="time">The wall clock.</param>
/// <param name="epoch">The epoch of all files that it begins.</param>
/// <param name="addCommit">Adds the slots that end a batch: marks of the commit, and whether it is the first of a file.</param>
internal sealed class BatchPlacer(
    LogIndex index,
    LogSequencer sequencer,
    AwayStreams away,
    TimeProvider time,
    uint epoch,
    Action<byte, bool> addCommit
)
{
    private static readonly TimeSpan HomeRetry = TimeSpan.FromSeconds(2);
    private Guid _logId;
    private long _spilledAt;
    private int _spillErrno;
    private bool _hasToldSpill;

    /// <summary>The next batch tries the home, and leaves it if there is nothing to write and it still refuses.</summary>
    public bool MustTryHome { get; set; }

    /// <summary>True if the newest file has reached its size.</summary>
    public bool IsFull => index.IsFull;

    /// <summary>Begins the file of a new epoch.</summary>
    /// <param name="logId">The log.</param>
    /// <param name="wall">Now.</param>
    /// <exception cref="IOException">The disk refused.</exception>
    public void BeginEpoch(Guid logId, long wall)
    {
        _logId = logId;
        addCommit(CommitSlot.FirstOfEpoch, true);
        try
        {
            index.Begin(logId, sequencer.NextSeq, epoch, wall, sequencer.Slots);
        }
        catch (IOException refused) when (index.CanSpill)
        {
            // The disk is full just now; a daemon that could not begin would be worse.
            index.Begin(logId, sequencer.NextSeq, epoch, wall, sequencer.Slots, inSpill: true);
            NoteSpill(refused);
        }

        // Before any entry of it is shown: after a power loss no other entry may have the same epoch and seq.
        index.Sync();
        sequencer.Clear();
    }

    /// <summary>Writes what is collected with its commit: where it belongs, or in memory while the disk refuses.</summary>
    /// <param name="entries">Slots of entries, without a commit.</param>
    /// <param name="isDirty">Something besides entries is to be written.</param>
    /// <exception cref="IOException">The disk refused and nothing else takes it; the entries are as they were.</exception>
    public void Write(int entries, bool isDirty)
    {
        try
        {
            Place(entries, isDirty);
        }
        catch (IOException)
        {
            Prepare(entries, index.NextSlot, inSpill: false);
            throw;
        }
    }

    /// <summary>The file is full: another one follows it.</summary>
    public void FollowFile()
    {
        try
        {
            BeginFile(0, index.IsSpilling);
        }
        catch (IOException)
        {
            // Everything is committed; the file grows until the try after the next batch.
            sequencer.Clear();
        }
    }

    /// <summary>True once after the index went into memory, and once after it came back.</summary>
    /// <param name="errno">Why it went; 0 if it is back.</param>
    public bool TryTellMove(out int errno)
    {
        var isSpilling = index.IsSpilling;
        errno = isSpilling ? _spillErrno : 0;
        var hasMoved = isSpilling != _hasToldSpill;
        _hasToldSpill = isSpilling;
        return hasMoved;
    }

    private void Place(int entries, bool isDirty)
    {
        if (index.IsSpilling)
        {
            WriteWhileSpilling(entries, isDirty);
            return;
        }

        MustTryHome = false;
        try
        {
            addCommit(0, false);
            index.Append(sequencer.Slots);
        }
        catch (IOException refused) when (index.CanSpill)
        {
            BeginFile(entries, inSpill: true);
            NoteSpill(refused);
        }
    }

    private void NoteSpill(IOException refused)
    {
        const int otherError = 5;
        const int errnos = 4096;
        _spilledAt = time.GetTimestamp();
        _spillErrno = refused.HResult is > 0 and < errnos ? refused.HResult : otherError;
    }

    private void WriteWhileSpilling(int entries, bool isDirty)
    {
        var isTryAlone = MustTryHome && entries == 0 && !isDirty;
        if (MustTryHome || time.GetElapsedTime(_spilledAt) >= HomeRetry)
        {
            MustTryHome = false;
            _spilledAt = time.GetTimestamp();
            try
            {
                BeginFile(entries, inSpill: false);
                return;
            }
            catch (IOException)
            {
                // Still full: it goes on in memory until the next try.
            }
        }

        if (isTryAlone)
        {
            sequencer.Clear();
            return;
        }

        Prepare(entries, index.NextSlot, inSpill: true);
        addCommit(0, false);
        index.Append(sequencer.Slots);
    }

    /// <summary>Begins a file with what is collected as its first batch.</summary>
    private void BeginFile(int entries, bool inSpill)
    {
        Prepare(entries, 1, inSpill);
        addCommit(0, true);
        var wall = (time.GetUtcNow() - DateTimeOffset.UnixEpoch).Ticks;
        index.Begin(_logId, index.LastSeq + 1, epoch, wall, sequencer.Slots, inSpill);
        if (entries == 0)
        {
            sequencer.Clear();
        }
    }

    /// <summary>Takes back a commit that failed, and makes the entries fit another place.</summary>
    private void Prepare(int entries, long firstSlot, bool inSpill)
    {
        sequencer.CutTo(entries);
        for (var i = 0; i < entries; i++)
        {
            ref var slot = ref sequencer.Slots[i];
            if (slot.Kind == SlotKind.Event)
            {
                slot.Offset = (ulong)(firstSlot + i);
            }

            if (slot.IsEntry)
            {
                slot.Flags =
                    inSpill || (slot.Kind == SlotKind.Span && away.Has(slot.Source))
                        ? slot.Flags | SpanFlags.NotDurable
                        : slot.Flags & ~SpanFlags.NotDurable;
            }
        }
    }
}
