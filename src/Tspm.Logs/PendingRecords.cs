using Tspm.CaptureLog;

namespace Tspm.Logs;

/// <summary>Records that were read from the journal and not taken yet, and whose turn it is.</summary>
/// <remarks>
/// The records of one log stay in order. Between logs the bytes decide (start-time fair queueing): each log has a clock that goes on by
/// what was taken of it, the log whose clock is least is next, and one that was quiet begins at the clock of the one whose turn it is. So a
/// line of a quiet program waits for the record that is being taken, not for everything that others printed before it. Records of
/// no log wait for all that came before them. Bounded: full means that the journal waits on the disk, where it is.
/// One thread: the ingest thread.
/// </remarks>
internal sealed class PendingRecords
{
    /// <summary>The most records that wait.</summary>
    public const int Most = 16_384;

    /// <summary>What a record costs beside its bytes.</summary>
    public const long CostOfRecord = 1024;

    private const int Fewest = 256;
    private const int Kept = 2048;
    private readonly PriorityQueue<PendingRow, (long Start, ulong Ord)> _rows = new();
    private readonly PendingRow _ofAll = new();
    private JournalRecord[] _slots = new JournalRecord[Fewest];
    private int[] _next = new int[Fewest];
    private int _free = PendingRow.None;
    private int _used;
    private long _clock;
    private long _last;

    /// <summary>How many wait.</summary>
    public int Count { get; private set; }

    /// <summary>Adds the next record of the journal.</summary>
    /// <param name="record">The record.</param>
    /// <param name="row">The row of its log; null if it belongs to none.</param>
    public void Add(in JournalRecord record, PendingRow? row)
    {
        var slot = NextSlot();
        _slots[slot] = record;
        _next[slot] = PendingRow.None;
        Count++;
        if (row is null)
        {
            Link(_ofAll, slot);
            return;
        }

        var wasEmpty = row.IsEmpty;
        Link(row, slot);
        if (wasEmpty)
        {
            row.Start = Math.Max(_clock, row.Finish);
            _rows.Enqueue(row, (row.Start, record.Ord));
        }
    }

    /// <summary>The record whose turn it is; it stays until <see cref="Remove"/>.</summary>
    public bool TryPeek(out JournalRecord record)
    {
        record = Count == 0 ? default : _slots[NextRow().First];
        return Count > 0;
    }

    /// <summary>The record whose turn it is was taken.</summary>
    public void Remove()
    {
        var row = NextRow();
        var slot = row.First;
        row.First = _next[slot];
        if (row != _ofAll)
        {
            Charge(row, _slots[slot]);
        }

        _next[slot] = _free;
        _free = slot;
        Count--;
        if (Count == 0)
        {
            Forget();
        }
    }

    /// <summary>The least ord of those that wait.</summary>
    /// <param name="otherwise">What it is if none does.</param>
    public ulong OldestOrd(ulong otherwise)
    {
        var oldest = OfAllOrd(otherwise);
        foreach (var (row, _) in _rows.UnorderedItems)
        {
            oldest = Math.Min(oldest, _slots[row.First].Ord);
        }

        return oldest;
    }

    /// <summary>The ord of the first record of a row.</summary>
    /// <param name="row">The row.</param>
    /// <param name="otherwise">What it is if none waits.</param>
    public ulong FirstOrd(PendingRow row, ulong otherwise) =>
        row.IsEmpty ? otherwise : _slots[row.First].Ord;

    private ulong OfAllOrd(ulong otherwise) => FirstOrd(_ofAll, otherwise);

    private PendingRow NextRow()
    {
        if (!_ofAll.IsEmpty && OldestOrd(ulong.MaxValue) == OfAllOrd(0))
        {
            return _ofAll;
        }

        return _rows.Peek();
    }

    private void Charge(PendingRow row, in JournalRecord taken)
    {
        _rows.Dequeue();
        _clock = row.Start;
        var bytes = taken.Kind == JournalRecordKind.Chunk ? (long)taken.B : 0;
        row.Finish = row.Start + bytes + CostOfRecord;
        _last = Math.Max(_last, row.Finish);
        if (!row.IsEmpty)
        {
            row.Start = row.Finish;
            _rows.Enqueue(row, (row.Start, _slots[row.First].Ord));
        }
    }

    private void Link(PendingRow row, int slot)
    {
        if (row.IsEmpty)
        {
            row.First = slot;
        }
        else
        {
            _next[row.Last] = slot;
        }

        row.Last = slot;
    }

    private int NextSlot()
    {
        if (_free != PendingRow.None)
        {
            var slot = _free;
            _free = _next[slot];
            return slot;
        }

        if (_used == _slots.Length)
        {
            Array.Resize(ref _slots, _used * 2);
            Array.Resize(ref _next, _used * 2);
        }

        return _used++;
    }

    /// <summary>Nobody waits: nobody has had more than another, and what a backlog needed is given back.</summary>
    private void Forget()
    {
        _clock = _last;
        _free = PendingRow.None;
        _used = 0;
        if (_slots.Length > Kept)
        {
            _slots = new JournalRecord[Fewest];
            _next = new int[Fewest];
        }
    }
}

/// <summary>The records of one log that wait.</summary>
internal sealed class PendingRow
{
    /// <summary>No slot.</summary>
    public const int None = -1;

    /// <summary>True if none waits.</summary>
    public bool IsEmpty => First == None;

    /// <summary>The slot of the first.</summary>
    internal int First { get; set; } = None;

    /// <summary>The slot of the last.</summary>
    internal int Last { get; set; } = None;

    /// <summary>Its clock when its first record's turn comes.</summary>
    internal long Start { get; set; }

    /// <summary>Its clock after what was taken.</summary>
    internal long Finish { get; set; }
}
