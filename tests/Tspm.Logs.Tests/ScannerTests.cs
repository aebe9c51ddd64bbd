using System.Text;
using CsCheck;
using Tspm.CaptureLog;

namespace Tspm.Logs.Tests;

/// <summary>From bytes to entries: how the pipe was cut does not change the lines.</summary>
public sealed class ScannerTests
{
    private const int MaxEntry = 64;

    private static readonly Gen<byte[]> Text = Gen.OneOf(
            Gen.Const("\n"u8.ToArray()),
            Gen.Const("\r\n"u8.ToArray()),
            Gen.Const("äöü€😀"u8.ToArray()),
            Gen.Const(new byte[] { 0, 0xFF, 0x80 }),
            Gen.Byte.Where(b => b is not (byte)'\r').Array[0, 40],
            Gen.Const(
                new byte[90]
                    .Select(_ => (byte)'x')
                    .ToArray()
            )
        )
        .Array[1, 30]
        .Select(parts => parts.SelectMany(part => part).ToArray());

    private static readonly Gen<(byte[] Bytes, int[] Cuts)> Cases = Gen.Select(
        Text,
        Gen.Int[1, 50].Array[1, 20]
    );

    [Fact]
    public void Lines_do_not_depend_on_how_the_pipe_was_cut()
    {
        Cases.Sample(one => Assert.Equal(Model(one.Bytes), Scan(one.Bytes, one.Cuts)), iter: 300);
    }

    [Fact]
    public void A_splitter_that_forgets_what_was_before_a_cut_is_caught()
    {
        Assert.ThrowsAny<Exception>(() =>
            Cases.Sample(
                one => Assert.Equal(Forgetful(one.Bytes, one.Cuts), Scan(one.Bytes, one.Cuts)),
                iter: 300
            )
        );
    }

    [Fact]
    public void Progress_texts_are_counted_and_the_last_one_is_kept()
    {
        using var keeper = new FakeKeeper();
        using var log = new LogUnderTest(keeper);
        keeper.Begin();
        const int frames = 100;
        for (var i = 1; i <= frames; i++)
        {
            keeper.Now += 10_000_000;
            keeper.Write(StreamKind.Out, Encoding.ASCII.GetBytes($"{i}%\r"));
            log.Turn(keeper.Now);
        }

        keeper.Write(StreamKind.Out, "done\n"u8);
        log.Turn(keeper.Now);

        var entries = log.ReadAll();
        var collapsed = entries
            .Where(entry => entry.Flags.HasFlag(SpanFlags.Collapsed))
            .Sum(entry => (long)entry.Aux);
        Assert.Equal(frames + 1, entries.Count + collapsed);
        Assert.Equal(Convert.ToHexString("done\n"u8), entries[^1].Bytes);
        Assert.InRange(entries.Count, 3, 7); // a second at 4 entries a second, and the last text
    }

    [Fact]
    public void A_prompt_is_shown_after_silence_and_its_line_goes_on()
    {
        using var keeper = new FakeKeeper();
        using var log = new LogUnderTest(keeper);
        keeper.Begin();
        keeper.Write(StreamKind.Out, "name? "u8);
        log.Turn(keeper.Now);
        Assert.Empty(log.ReadAll());

        log.Turn(keeper.Now + 250_000_000);
        keeper.Write(StreamKind.Out, "bob\n"u8);
        log.Turn(keeper.Now);

        var entries = log.ReadAll();
        Assert.Equal(
            [SpanFlags.Part | SpanFlags.BreakIdle, SpanFlags.Continuation],
            entries.Select(entry => entry.Flags)
        );
        Assert.Equal(1ul | (1ul << 32), entries[1].Aux);
    }

    [Fact]
    public void The_rest_without_newline_is_an_entry_at_the_end()
    {
        using var keeper = new FakeKeeper();
        using var log = new LogUnderTest(keeper);
        keeper.Begin();
        keeper.Write(StreamKind.Err, "a\nb"u8);
        keeper.End();
        log.Turn(keeper.Now);

        Assert.Equal(
            [SpanFlags.None, SpanFlags.BreakEof],
            log.ReadAll().Select(entry => entry.Flags)
        );
    }

    [Fact]
    public void A_flood_allocates_nothing_per_line()
    {
        using var keeper = new FakeKeeper();
        using var log = new LogUnderTest(keeper);
        keeper.Begin();
        var chunk = Encoding.ASCII.GetBytes(
            string.Concat(Enumerable.Repeat(new string('x', 99) + "\n", 600))
        );
        for (var i = 0; i < 64; i++)
        {
            keeper.Write(StreamKind.Out, chunk);
        }

        log.Turn(keeper.Now);
        for (var i = 0; i < 64; i++)
        {
            keeper.Write(StreamKind.Out, chunk);
        }

        var before = GC.GetAllocatedBytesForCurrentThread();
        log.Turn(keeper.Now);
        var allocated = GC.GetAllocatedBytesForCurrentThread() - before;

        Assert.Equal(128 * 600, log.Log.Facts.Head);
        Assert.InRange(allocated, 0, 16 * 1024); // grown once: slots and ring blocks, not lines
    }

    private static List<string> Scan(byte[] bytes, int[] cuts)
    {
        using var keeper = new FakeKeeper();
        using var log = new LogUnderTest(keeper, new LogStoreOptions { MaxEntryBytes = MaxEntry });
        keeper.Begin();
        var at = 0;
        for (var i = 0; at < bytes.Length; i++)
        {
            var length = Math.Min(cuts[i % cuts.Length], bytes.Length - at);
            keeper.Write(StreamKind.Out, bytes.AsSpan(at, length));
            at += length;
            if (i % 3 == 0)
            {
                log.Turn(keeper.Now);
            }
        }

        keeper.End();
        log.Turn(keeper.Now);
        var entries = log.ReadAll();
        Assert.Equal(
            Enumerable.Range(1, entries.Count).Select(seq => (long)seq),
            entries.Select(entry => entry.Seq)
        );
        return [.. entries.Select(entry => entry.Bytes)];
    }

    /// <summary>Splits at newlines; a text over the limit is cut at the limit, before the start of a UTF-8 sequence.</summary>
    private static List<string> Model(byte[] bytes)
    {
        var entries = new List<string>();
        var at = 0;
        while (at < bytes.Length)
        {
            var newline = Array.IndexOf(bytes, (byte)'\n', at);
            var end = newline < 0 ? bytes.Length : newline + 1;
            var textEnd = newline < 0 ? end : newline;
            while (textEnd - at > MaxEntry)
            {
                var cut = at + MaxEntry;
                for (var back = 0; back < 4 && (bytes[cut] & 0xC0) == 0x80; back++)
                {
                    cut = back == 3 ? at + MaxEntry : cut - 1;
                }

                cut = (bytes[cut] & 0xC0) == 0x80 ? at + MaxEntry : cut;
                entries.Add(Convert.ToHexString(bytes, at, cut - at));
                at = cut;
            }

            entries.Add(Convert.ToHexString(bytes, at, end - at));
            at = end;
        }

        return entries;
    }

    private static List<string> Forgetful(byte[] bytes, int[] cuts)
    {
        var entries = new List<string>();
        var at = 0;
        for (var i = 0; at < bytes.Length; i++)
        {
            var length = Math.Min(cuts[i % cuts.Length], bytes.Length - at);
            entries.AddRange(Model(bytes.AsSpan(at, length).ToArray()));
            at += length;
        }

        return entries;
    }
}
