using System.Text;
using CsCheck;
using Tspm.Cli.Commands;
using Tspm.Protocol.Batches;

namespace Tspm.Cli.Tests.Commands;

/// <summary>--limit-bytes against a list of all entries.</summary>
public sealed class ByteLimitTests
{
    private static readonly Gen<int[][]> Spans = Gen.Int[1, 6].Array[1, 4].Array[1, 5];

    [Fact]
    public void As_many_whole_entries_come_as_fit() => Check(limit => limit);

    [Fact]
    public void One_byte_too_many_is_caught() =>
        Assert.ThrowsAny<Exception>(() => Check(limit => limit + 1));

    private static void Check(Func<int, int> change) =>
        Gen.Select(Spans, Gen.Int[0, 60])
            .Sample(
                (lengths, most) =>
                {
                    var all = lengths.SelectMany(span => span).ToList();
                    var expected = 0;
                    while (expected < all.Count && all.Take(expected + 1).Sum() <= most)
                    {
                        expected++;
                    }

                    var (spans, bytes) = Make(lengths);
                    var limit = new ByteLimit(change(most));
                    var taken = limit.Take(spans, bytes);

                    Assert.Equal(expected, taken.Sum(span => (int)span.Count));
                    Assert.Equal(all.Take(expected).Sum(), taken.Sum(span => (int)span.Length));
                    Assert.Equal(expected < all.Count, limit.IsOver);
                }
            );

    private static (WireSpan[] Spans, byte[] Bytes) Make(int[][] lengths)
    {
        var seq = 1L;
        var text = new StringBuilder();
        var spans = new List<WireSpan>();
        foreach (var span in lengths)
        {
            spans.Add(
                new WireSpan
                {
                    Seq = seq,
                    Count = (uint)span.Length,
                    Length = (uint)span.Sum(),
                }
            );
            seq += span.Length;
            foreach (var length in span)
            {
                text.Append('x', length - 1).Append('\n');
            }
        }

        return ([.. spans], Encoding.ASCII.GetBytes(text.ToString()));
    }
}
