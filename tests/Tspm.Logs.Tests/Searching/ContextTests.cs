using System.Text;
using System.Text.RegularExpressions;
using CsCheck;
using Tspm.CaptureLog;

namespace Tspm.Logs.Tests.Searching;

/// <summary>Lines with context, against a list of all lines: however reads are cut, live or not.</summary>
public sealed class ContextTests
{
    private static readonly LogStoreOptions Small = new()
    {
        RingEntries = 16,
        CachedSpans = 16,
        IndexFileBytes = 64 * 1024,
    };

    // 0: a life-cycle entry; else a write of lines, of which those with an x match.
    private static readonly Gen<(int Kind, string[] Lines)[]> Writes = Gen.Select(
        Gen.Int[0, 6],
        Gen.Frequency((1, Gen.Const("x")), (5, Gen.Const("o"))).Array[1, 9]
    ).Array[1, 12];

    [Fact]
    public void Context_is_that_of_a_naive_model() => Check(Model);

    [Fact]
    public void A_model_without_separators_is_caught() =>
        Assert.ThrowsAny<Exception>(() =>
            Check(
                (all, before, after) =>
                    [.. Model(all, before, after).Select(one => (one.Seq, false))]
            )
        );

    [Fact]
    public void Context_over_a_life_cycle_entry_is_caught() =>
        Assert.ThrowsAny<Exception>(() =>
            Check((all, before, after) => Model([.. all.Where(one => !one.IsEvent)], before, after))
        );

    [Fact]
    public void The_newest_matches_come_with_the_lines_before_them()
    {
        using var keeper = new FakeKeeper();
        using var log = new LogUnderTest(keeper, Small);
        keeper.Begin();
        keeper.Write(StreamKind.Out, "x1\no2\no3\nx4\no5\n"u8);
        log.Turn(keeper.Now);

        var before = log.Log.FindTail(1, long.MaxValue, Filter(2, 0));

        Assert.Equal(1, before);
    }

    private static void Check(Func<List<Entry>, int, int, List<(long Seq, bool IsStart)>> model)
    {
        Gen.Select(Writes, Gen.Int[0, 4], Gen.Int[0, 4], Gen.Int[1, 9], Gen.Bool)
            .Where(one => one.Item2 + one.Item3 > 0)
            .Sample(
                (writes, before, after, entries, isLive) =>
                {
                    using var keeper = new FakeKeeper();
                    using var log = new LogUnderTest(keeper, Small);
                    var all = new List<Entry>();
                    var shown = new List<(long Seq, bool IsStart)>();
                    var filter = Filter(before, after);
                    using var cursor = log.Log.OpenCursor(
                        new LogStart(LogStartKind.Oldest),
                        filter,
                        readsDisk: true,
                        new Deaf(),
                        out _
                    );
                    keeper.Begin();
                    foreach (var (kind, lines) in writes)
                    {
                        Write(keeper, log, all, kind, lines);
                        if (isLive)
                        {
                            Follow(cursor, shown, entries);
                        }
                    }

                    if (!isLive)
                    {
                        ReadPages(log, filter, shown, entries);
                    }

                    Assert.Equal(model(all, before, after), shown);
                },
                iter: 300
            );
    }

    private static void Write(
        FakeKeeper keeper,
        LogUnderTest log,
        List<Entry> all,
        int kind,
        string[] lines
    )
    {
        if (kind == 0)
        {
            log.Event(keeper.Now);
            all.Add(new Entry(all.Count + 1, IsEvent: true, IsErr: false, IsMatch: false));
            return;
        }

        var isErr = kind == 1;
        foreach (var line in lines)
        {
            all.Add(new Entry(all.Count + 1, false, isErr, line == "x"));
        }

        keeper.Write(
            isErr ? StreamKind.Err : StreamKind.Out,
            Encoding.UTF8.GetBytes(string.Concat(lines.Select(line => line + "\n")))
        );
        log.Turn(keeper.Now);
    }

    /// <summary>Standard error is not wanted: its lines are no context, and count for none.</summary>
    private static LogFilter Filter(int before, int after) =>
        new(Out: true, Err: false, Events: false)
        {
            Lines = new LinePattern([new Regex("x", RegexOptions.NonBacktracking)], []),
            ContextBefore = before,
            ContextAfter = after,
        };

    private static void ReadPages(
        LogUnderTest log,
        LogFilter filter,
        List<(long Seq, bool IsStart)> shown,
        int entries
    )
    {
        var spans = new LogSpan[7];
        var head = log.Log.Facts.Head;
        for (long after = 0; after < head; )
        {
            var read = log.Log.Read(after, head, filter, spans, new LogRoom(1 << 20, entries));
            Assert.True(read.UpTo > after);
            Take(spans.AsSpan(0, read.Count), read, shown);
            after = read.UpTo;
        }
    }

    private static void Follow(LogCursor cursor, List<(long Seq, bool IsStart)> shown, int entries)
    {
        var spans = new LogSpan[7];
        while (
            cursor.Next(spans, new LogRoom(1 << 20, entries)) is { Kind: LogReadKind.Batch } read
        )
        {
            Take(spans.AsSpan(0, read.Count), read, shown);
        }
    }

    private static void Take(
        ReadOnlySpan<LogSpan> spans,
        in LogRead read,
        List<(long Seq, bool IsStart)> shown
    )
    {
        Assert.Equal(0, read.HoleFrom);
        foreach (var span in spans)
        {
            Assert.InRange(span.LastSeq, read.After + 1, read.UpTo);
            for (var i = 0; i < span.Count; i++)
            {
                shown.Add((span.Seq + i, i == 0 && span.Flags.HasFlag(SpanFlags.GroupStart)));
            }
        }
    }

    private static List<(long Seq, bool IsStart)> Model(List<Entry> all, int before, int after)
    {
        var shown = new List<(long, bool)>();
        var segment = new List<Entry>();
        foreach (var entry in all.Append(new Entry(0, true, false, false)))
        {
            if (!entry.IsEvent)
            {
                segment.AddRange(entry.IsErr ? [] : [entry]);
                continue;
            }

            for (var i = 0; i < segment.Count; i++)
            {
                if (IsShown(segment, i, before, after))
                {
                    var isStart = i == 0 || !IsShown(segment, i - 1, before, after);
                    shown.Add((segment[i].Seq, isStart));
                }
            }

            segment.Clear();
        }

        return shown;
    }

    private static bool IsShown(List<Entry> segment, int i, int before, int after)
    {
        var from = Math.Max(0, i - after);
        var to = Math.Min(segment.Count - 1, i + before);
        return segment[from..(to + 1)].Exists(entry => entry.IsMatch);
    }

    private sealed record Entry(long Seq, bool IsEvent, bool IsErr, bool IsMatch);

    private sealed class Deaf : ICursorWaker
    {
        public void Wake() { }
    }
}
