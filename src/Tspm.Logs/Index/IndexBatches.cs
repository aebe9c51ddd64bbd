using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;
using Tspm.CaptureLog;

namespace Tspm.Logs.Index;

/// <summary>Walks an index file batch by batch; what is not covered by a good commit is a damaged stretch.</summary>
/// <remarks>
/// After damage it looks for the next commit whose checksum covers the slots that it claims, so damage costs only
/// the batches it touches. One thread; the file may grow meanwhile, what is added is not looked at.
/// </remarks>
internal sealed class IndexBatches
{
    // A batch is never larger (docs/capture-log.md section 5), so half of the buffer always holds one.
    private const int LargestBatch = 16_384;
    private readonly SafeFileHandle _handle;
    private readonly LogSpan[] _buffer;
    private readonly long _end;
    private long _base;
    private int _at;
    private int _filled;
    private int _length;

    /// <summary>Begins before the first batch.</summary>
    /// <param name="handle">The file.</param>
    /// <param name="from">The first slot to look at; the beginning of a batch.</param>
    /// <param name="end">The slot after the last one to look at.</param>
    public IndexBatches(SafeFileHandle handle, long from, long end)
    {
        _handle = handle;
        _base = from;
        _end = end;
        _buffer = new LogSpan[(int)Math.Clamp(end - from, 1, 2 * LargestBatch)];
    }

    /// <summary>The number of the first slot of this stretch.</summary>
    public long FirstSlot => _base + _at - _length;

    /// <summary>True if no good commit covers this stretch.</summary>
    public bool IsDamaged { get; private set; }

    /// <summary>The slots of this stretch; valid until the next move. Of a damaged one perhaps only a part.</summary>
    public Span<LogSpan> Slots => _buffer.AsSpan(_at - _length, _length);

    /// <summary>The commit of a good batch.</summary>
    public CommitSlot Commit => MemoryMarshal.Cast<LogSpan, CommitSlot>(Slots[^1..])[0];

    /// <summary>Goes on to the next stretch; false at the end.</summary>
    /// <exception cref="IOException">The device failed.</exception>
    public bool MoveNext()
    {
        _length = 0;
        while (true)
        {
            if (FindBatch(_at) is var slots and > 0)
            {
                return Take(slots, isDamaged: false);
            }

            // It may be cut by the end of the buffer only.
            var isWhole = _base + _filled >= _end;
            if (!isWhole && (_at > 0 || _filled == 0))
            {
                Refill();
                continue;
            }

            if (_at == _filled)
            {
                return false;
            }

            var damaged = FindEndOfDamage();
            return Take(
                damaged > 0 ? damaged
                    : isWhole ? _filled - _at
                    : LargestBatch,
                isDamaged: true
            );
        }
    }

    /// <summary>True if the checksum of a batch's commit covers these slots.</summary>
    public static bool IsGood(Span<LogSpan> batch)
    {
        ref var commit = ref MemoryMarshal.Cast<LogSpan, CommitSlot>(batch[^1..])[0];
        var told = commit.Checksum;
        commit.Checksum = 0;
        var computed = Crc32C.Compute(MemoryMarshal.AsBytes(batch));
        commit.Checksum = told;
        return computed == told;
    }

    private bool Take(int slots, bool isDamaged)
    {
        _at += slots;
        _length = slots;
        IsDamaged = isDamaged;
        return true;
    }

    private void Refill()
    {
        _base += _at;
        _at = 0;
        var room = (int)Math.Min(_buffer.Length, _end - _base);
        var bytes = MemoryMarshal.AsBytes(_buffer.AsSpan(0, Math.Max(room, 0)));
        _filled = RandomAccess.Read(_handle, bytes, _base * LogSpan.Size) / LogSpan.Size;
        if (_filled == 0)
        {
            // Shorter than told: what is not there is no batch.
            _base = Math.Max(_base, _end);
        }
    }

    /// <summary>Slots of the good batch that begins here; 0 if there is none in the buffer.</summary>
    private int FindBatch(int from)
    {
        for (var i = from; i < _filled; i++)
        {
            if (_buffer[i].Kind != SlotKind.Commit)
            {
                continue;
            }

            var slots = MemoryMarshal.Cast<LogSpan, CommitSlot>(_buffer.AsSpan(i, 1))[0].Slots;
            if (slots == i + 1 - from)
            {
                return IsGood(_buffer.AsSpan(from, slots)) ? slots : 0;
            }
        }

        return 0;
    }

    /// <summary>Slots until the next good batch; 0 if there is none in the buffer.</summary>
    private int FindEndOfDamage()
    {
        for (var i = _at + 1; i < _filled; i++)
        {
            if (_buffer[i].Kind != SlotKind.Commit)
            {
                continue;
            }

            var slots = MemoryMarshal.Cast<LogSpan, CommitSlot>(_buffer.AsSpan(i, 1))[0].Slots;
            var first = i + 1 - slots;
            if (slots > 0 && first > _at && IsGood(_buffer.AsSpan(first, slots)))
            {
                return first - _at;
            }
        }

        return 0;
    }
}
