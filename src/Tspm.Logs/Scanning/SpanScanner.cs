using Tspm.CaptureLog;

namespace Tspm.Logs.Scanning;

/// <summary>Turns the bytes of one stream into spans: reads each chunk once, and numbers nothing itself.</summary>
/// <remarks>
/// How the pipe was cut into chunks does not change the lines. Of an unfinished line only the offsets are kept;
/// its bytes stay in the data file and are read again with the next chunk (at most one entry's worth).
/// One thread: the ingest thread.
/// </remarks>
internal sealed class SpanScanner
{
    /// <summary>The value of <see cref="Deadline"/> while nothing waits.</summary>
    public const long NoDeadline = long.MaxValue;

    private const byte NewLine = (byte)'\n';
    private const byte Return = (byte)'\r';
    private const int LongestSequence = 4;
    private const int MostTries = 8;

    private readonly LogStoreOptions _options;
    private readonly LogSequencer _sequencer;
    private ulong _end;
    private int _droppedFrames;
    private bool _isProgress;
    private long _lastProgress = long.MinValue / 2;
    private ChunkStamp _stamp;

    /// <summary>Makes a scanner that begins at an offset.</summary>
    public SpanScanner(
        LogStoreOptions options,
        LogSequencer sequencer,
        StreamName source,
        ulong consumed
    )
    {
        _options = options;
        _sequencer = sequencer;
        Source = source;
        Consumed = consumed;
        _end = consumed;
    }

    /// <summary>The stream it reads.</summary>
    public StreamName Source { get; }

    /// <summary>The run whose output this is.</summary>
    public uint Run { get; private set; }

    /// <summary>Everything before this offset is in entries, or was dropped as progress.</summary>
    public ulong Consumed { get; private set; }

    /// <summary>Parts of the unfinished line that are entries already.</summary>
    public int PartIndex { get; private set; }

    /// <summary>Seq of the first of those parts.</summary>
    public long PartFirstSeq { get; private set; }

    /// <summary>Monotonic time, ns, at which <see cref="Flush"/> has something to do.</summary>
    public long Deadline { get; private set; } = NoDeadline;

    /// <summary>Bytes that the journal told of, that were not in the data files, and that got no number.</summary>
    public ulong MissingBytes { get; private set; }

    /// <summary>Knows what became of bytes that are not there.</summary>
    public required IMissingBytes Missing { get; init; }

    /// <summary>Goes on where a checkpoint says.</summary>
    public void Resume(uint run, ulong consumed, int partIndex, long partFirstSeq)
    {
        Run = run;
        Consumed = consumed;
        _end = consumed;
        PartIndex = partIndex;
        PartFirstSeq = partFirstSeq;
    }

    /// <summary>A run's bytes begin here.</summary>
    public void Begin(uint run, ulong offset)
    {
        Run = run;
        Consumed = Math.Max(Consumed, offset);
        _end = Consumed;
        EndLine();
    }

    /// <summary>Reads the bytes up to an offset and makes spans of what is whole.</summary>
    /// <param name="end">Offset after the last byte the journal vouches for.</param>
    /// <param name="stamp">Of the chunk.</param>
    /// <param name="files">Where the bytes are.</param>
    /// <param name="window">Scratch space of at least <see cref="WindowBytes"/>.</param>
    /// <exception cref="IOException">A full batch was refused; the same call once more goes on there.</exception>
    public void Scan(ulong end, ChunkStamp stamp, DataFileReader files, byte[] window)
    {
        try
        {
            ScanTo(end, stamp, files, window);
        }
        catch (IOException)
        {
            // What was read and is not in an entry is read again.
            _end = Consumed;
            throw;
        }
    }

    /// <summary>The scratch space that <see cref="Scan"/> needs.</summary>
    public static int WindowBytes(LogStoreOptions options) =>
        options.ScanBytes + (2 * options.MaxEntryBytes) + LongestSequence;

    /// <summary>Shows what has waited long enough: an unfinished line, the newest progress text.</summary>
    public void Flush(long now, DataFileReader files, byte[] window)
    {
        if (now < Deadline)
        {
            return;
        }

        var block = ReadPending(files, window);
        var isIdle = now - _stamp.Mono >= _options.IdleFlush.Ticks * TimeSpan.NanosecondsPerTick;
        if (isIdle)
        {
            ShowIdle(block);
            Deadline = NoDeadline;
            return;
        }

        ShowFrame(block, now);
        SetDeadline();
    }

    /// <summary>The stream ends: what is left is an entry.</summary>
    public void End(ulong end, ChunkStamp stamp, DataFileReader files, byte[] window)
    {
        Scan(end, stamp, files, window);
        _stamp = stamp;
        var block = ReadPending(files, window);
        if (!block.IsEmpty)
        {
            TakeLine(block, SpanFlags.BreakEof);
        }

        EndLine();
    }

    private void ScanTo(ulong end, ChunkStamp stamp, DataFileReader files, byte[] window)
    {
        _stamp = stamp;
        var tries = 0;
        while (_end < end)
        {
            var pending = (int)(_end - Consumed);
            var fresh = (int)Math.Min((ulong)_options.ScanBytes, end - _end);
            var block = window.AsSpan(0, pending + fresh);
            var read = files.Read(Source, Consumed, block);
            if (read < block.Length && IsThere(Consumed + (ulong)read, ref tries))
            {
                continue;
            }

            if (read < block.Length)
            {
                TakeBeforeMissing(block[..read]);
                SkipMissing(end);
                continue;
            }

            tries = 0;
            _end += (ulong)fresh;
            Take(block);
        }

        SetDeadline();
    }

    private ReadOnlySpan<byte> ReadPending(DataFileReader files, byte[] window)
    {
        var pending = window.AsSpan(0, (int)(_end - Consumed));
        var tries = 0;
        var read = files.Read(Source, Consumed, pending);
        while (read < pending.Length && IsThere(Consumed + (ulong)read, ref tries))
        {
            read = files.Read(Source, Consumed, pending);
        }

        if (read == pending.Length)
        {
            return pending;
        }

        var end = _end;
        TakeBeforeMissing(pending[..read]);
        SkipMissing(end);
        return [];
    }

    /// <summary>True if a byte that was not read can be read after all: files changed hands between two looks.</summary>
    private bool IsThere(ulong offset, ref int tries) =>
        tries++ < MostTries && Missing.NextByte(Source, offset) == offset;

    /// <summary>What is left before a missing stretch: its last line has no end any more.</summary>
    private void TakeBeforeMissing(ReadOnlySpan<byte> block)
    {
        var lastNewLine = block.LastIndexOf(NewLine);
        if (lastNewLine >= 0)
        {
            TakeLines(block[..(lastNewLine + 1)]);
            block = block[(lastNewLine + 1)..];
        }

        if (!block.IsEmpty)
        {
            TakeLine(block, SpanFlags.BreakEof);
        }

        _end = Consumed;
        EndLine();
    }

    /// <summary>The byte at <see cref="Consumed"/> is gone: numbers what is known of it, and goes on after it.</summary>
    private void SkipMissing(ulong end)
    {
        if (Missing.TryFindDrop(Source, Consumed, out var drop))
        {
            if (drop.Newlines == DroppedRange.UnknownNewlines)
            {
                Report(drop.To - Consumed);
            }
            else if (drop.Newlines > 0)
            {
                AppendHole(drop);
            }

            Consumed = drop.To;
        }
        else
        {
            var next = Math.Min(end, Math.Max(Consumed + 1, Missing.NextByte(Source, Consumed)));
            Report(next - Consumed);
            Consumed = next;
        }

        _end = Consumed;
        EndLine();
    }

    private void Report(ulong bytes)
    {
        Missing.Report(Source, Run, bytes, _stamp);
        MissingBytes += bytes;
    }

    private void AppendHole(DroppedRange drop)
    {
        for (var left = drop.Newlines; left > 0; )
        {
            var count = (uint)Math.Min(left, uint.MaxValue);
            var hole = new LogSpan
            {
                Stream = Source.Kind,
                Flags = Source.OrphanRun == 0 ? SpanFlags.None : SpanFlags.Orphan,
                Count = count,
                Offset = drop.From,
                Run = Run,
                Ord = _stamp.Ord,
                Wall = _stamp.Wall,
                Mono = _stamp.Mono,
                Aux = (ulong)HoleReason.Dropped,
            };
            _sequencer.AppendHole(ref hole);
            left -= count;
        }
    }

    private void Take(ReadOnlySpan<byte> block)
    {
        var lastNewLine = block.LastIndexOf(NewLine);
        if (lastNewLine >= 0)
        {
            TakeLines(block[..(lastNewLine + 1)]);
            block = block[(lastNewLine + 1)..];
        }

        TakeUnfinished(block);
    }

    private void TakeLines(ReadOnlySpan<byte> lines)
    {
        if (PartIndex > 0 || _droppedFrames > 0 || _isProgress)
        {
            var first = lines.IndexOf(NewLine) + 1;
            TakeLine(lines[..first], SpanFlags.None);
            lines = lines[first..];
        }

        if (lines.IsEmpty)
        {
            return;
        }

        if (!HasBareReturn(lines) && !HasLongLine(lines))
        {
            var count = (uint)lines.Count(NewLine);
            Append(lines, count, SpanFlags.None, 0);
            return;
        }

        while (!lines.IsEmpty)
        {
            var length = lines.IndexOf(NewLine) + 1;
            TakeLine(lines[..length], SpanFlags.None);
            lines = lines[length..];
        }
    }

    /// <summary>One line, its end included if it has one.</summary>
    private void TakeLine(ReadOnlySpan<byte> line, SpanFlags flags)
    {
        if (PartIndex == 0)
        {
            line = TakeFrames(line);
        }

        while (TextLength(line) > _options.MaxEntryBytes)
        {
            var cut = CutBeforeSequence(line, _options.MaxEntryBytes);
            AppendPart(line[..cut], SpanFlags.BreakMax);
            line = line[cut..];
        }

        if (PartIndex > 0)
        {
            Append(line, 1, flags | SpanFlags.Continuation, PartAux());
        }
        else
        {
            AppendFrame(line, flags);
        }

        EndLine();
    }

    /// <summary>Handles the texts that a bare carriage return replaced; gives back the last one with the line end.</summary>
    private ReadOnlySpan<byte> TakeFrames(ReadOnlySpan<byte> line)
    {
        var textEnd = TextLength(line);
        while (textEnd > 0 && line[textEnd - 1] == Return)
        {
            textEnd--;
        }

        var at = 0;
        while (line[at..textEnd].IndexOf(Return) is var length && length >= 0)
        {
            var frame = line.Slice(at, length + 1);
            at += frame.Length;
            if (length == 0)
            {
                Skip(frame.Length);
            }
            else if (_options.Progress == ProgressMode.Keep)
            {
                Append(frame, 1, SpanFlags.BreakReturn, 0);
            }
            else
            {
                _droppedFrames++;
                Skip(frame.Length);
            }
        }

        return line[at..];
    }

    private void TakeUnfinished(ReadOnlySpan<byte> rest)
    {
        if (PartIndex == 0 && !rest.IsEmpty)
        {
            rest = HoldNewestFrame(rest);
        }

        while (rest.Length > _options.MaxEntryBytes + 1)
        {
            var cut = CutBeforeSequence(rest, _options.MaxEntryBytes);
            AppendPart(rest[..cut], SpanFlags.BreakMax);
            rest = rest[cut..];
        }
    }

    /// <summary>Of the texts that are complete, keeps the newest waiting and counts the others.</summary>
    private ReadOnlySpan<byte> HoldNewestFrame(ReadOnlySpan<byte> rest)
    {
        // The last byte does not count: a newline may come after it.
        while (rest[..^1].IndexOf(Return) is var length && length >= 0)
        {
            _isProgress = true;
            var hasNewer = rest[(length + 1)..^1].Contains(Return);
            if (length == 0)
            {
                Skip(1);
            }
            else if (_options.Progress == ProgressMode.Keep)
            {
                Append(rest[..(length + 1)], 1, SpanFlags.BreakReturn, 0);
            }
            else if (hasNewer)
            {
                _droppedFrames++;
                Skip(length + 1);
            }
            else
            {
                return ShowFrame(rest, _stamp.Mono);
            }

            rest = rest[(length + 1)..];
        }

        return rest;
    }

    /// <summary>Shows the complete text that waits, if the last one was shown long enough ago.</summary>
    private ReadOnlySpan<byte> ShowFrame(ReadOnlySpan<byte> rest, long now)
    {
        var length = rest.IsEmpty ? -1 : rest[..^1].IndexOf(Return);
        if (length <= 0 || now < _lastProgress + ProgressNanoseconds)
        {
            return rest;
        }

        AppendFrame(rest[..(length + 1)], SpanFlags.BreakReturn);
        _lastProgress = now;
        return rest[(length + 1)..];
    }

    private void ShowIdle(ReadOnlySpan<byte> rest)
    {
        while (
            PartIndex == 0
            && !rest.IsEmpty
            && rest[..^1].IndexOf(Return) is var length
            && length >= 0
        )
        {
            _droppedFrames += length > 0 ? 1 : 0;
            Skip(length + 1);
            rest = rest[(length + 1)..];
        }

        var whole = CutIncompleteSequence(rest);
        if (whole.IsEmpty)
        {
            return;
        }

        var isFrame = PartIndex == 0 && (_isProgress || whole[^1] == Return);
        if (isFrame)
        {
            _isProgress = true;
            AppendFrame(whole, SpanFlags.BreakReturn);
        }
        else
        {
            AppendPart(whole, SpanFlags.BreakIdle);
        }
    }

    private void AppendFrame(ReadOnlySpan<byte> text, SpanFlags flags)
    {
        var dropped = _droppedFrames;
        Append(text, 1, dropped > 0 ? flags | SpanFlags.Collapsed : flags, (ulong)dropped);
        _droppedFrames = 0;
    }

    private void AppendPart(ReadOnlySpan<byte> text, SpanFlags why)
    {
        if (PartIndex == 0)
        {
            PartFirstSeq = _sequencer.NextSeq;
            Append(text, 1, why | SpanFlags.Part, 0);
        }
        else
        {
            Append(text, 1, why | SpanFlags.Part | SpanFlags.Continuation, PartAux());
        }

        PartIndex++;
    }

    private ulong PartAux() => (uint)PartIndex | ((ulong)(_sequencer.NextSeq - PartFirstSeq) << 32);

    private void Append(ReadOnlySpan<byte> bytes, uint count, SpanFlags flags, ulong aux)
    {
        var span = new LogSpan
        {
            Stream = Source.Kind,
            Flags = Source.OrphanRun == 0 ? flags : flags | SpanFlags.Orphan,
            Count = count,
            Offset = Consumed,
            Length = (uint)bytes.Length,
            Run = Run,
            Ord = _stamp.Ord,
            Wall = _stamp.Wall,
            Mono = _stamp.Mono,
            Aux = aux,
        };
        _sequencer.Append(ref span, bytes);
        Consumed += (ulong)bytes.Length;
    }

    private void Skip(int bytes) => Consumed += (ulong)bytes;

    private void EndLine()
    {
        PartIndex = 0;
        PartFirstSeq = 0;
        _droppedFrames = 0;
        _isProgress = false;
        Deadline = NoDeadline;
    }

    private void SetDeadline()
    {
        if (_end == Consumed)
        {
            Deadline = NoDeadline;
            return;
        }

        var idle = _stamp.Mono + (_options.IdleFlush.Ticks * TimeSpan.NanosecondsPerTick);
        Deadline = _isProgress
            ? Math.Min(idle, Math.Max(_stamp.Mono, _lastProgress + ProgressNanoseconds))
            : idle;
    }

    private long ProgressNanoseconds =>
        _options.ProgressInterval.Ticks * TimeSpan.NanosecondsPerTick;

    private static int TextLength(ReadOnlySpan<byte> line) =>
        line.Length > 0 && line[^1] == NewLine ? line.Length - 1 : line.Length;

    private static bool HasBareReturn(ReadOnlySpan<byte> lines)
    {
        // Every block ends with a newline, so a return always has a byte after it.
        while (lines.IndexOf(Return) is var at && at >= 0)
        {
            if (lines[at + 1] != NewLine)
            {
                return true;
            }

            lines = lines[(at + 2)..];
        }

        return false;
    }

    private bool HasLongLine(ReadOnlySpan<byte> lines)
    {
        var most = _options.MaxEntryBytes + 1;
        while (lines.Length > most)
        {
            var last = lines[..most].LastIndexOf(NewLine);
            if (last < 0)
            {
                return true;
            }

            lines = lines[(last + 1)..];
        }

        return false;
    }

    private static int CutBeforeSequence(ReadOnlySpan<byte> text, int most)
    {
        for (var cut = most; cut > most - LongestSequence; cut--)
        {
            if ((text[cut] & 0xC0) != 0x80)
            {
                return cut;
            }
        }

        return most;
    }

    private static ReadOnlySpan<byte> CutIncompleteSequence(ReadOnlySpan<byte> text)
    {
        for (var back = 1; back < LongestSequence && back <= text.Length; back++)
        {
            var lead = text[^back];
            if ((lead & 0xC0) == 0x80)
            {
                continue;
            }

            var needs =
                lead >= 0xF0 ? 4
                : lead >= 0xE0 ? 3
                : lead >= 0xC0 ? 2
                : 1;
            return needs > back ? text[..^back] : text;
        }

        return text;
    }
}
