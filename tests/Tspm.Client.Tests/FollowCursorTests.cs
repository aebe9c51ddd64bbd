using System.Buffers.Text;
using CsCheck;
using Tspm.CaptureLog;
using Tspm.Protocol;
using Tspm.TestTools;

namespace Tspm.Client.Tests;

/// <summary>A cursor comes back as it was, and nothing else is taken for one.</summary>
public sealed class FollowCursorTests
{
    private static readonly Gen<FollowCursor> Cursors = Gen.Select(
            Gen.Guid,
            Gen.String[Gen.Char.AlphaNumeric, 0, 20],
            Gen.UInt,
            Gen.Long[0, long.MaxValue],
            (log, name, epoch, seq) =>
                new CursorPlace(log, $"default/{name}é", new LogPosition(epoch, seq))
        )
        .List[0, 6]
        .Select(places => new FollowCursor(places));

    [Fact]
    public void A_cursor_is_read_back_as_it_was_written()
    {
        Cursors.Sample(cursor =>
            Assert.Equal(cursor.Places, FollowCursor.Parse(cursor.ToString()).Places)
        );
    }

    [Fact]
    public void A_cursor_with_any_letter_changed_or_cut_is_refused()
    {
        Refuses(FollowCursor.Parse);
    }

    [Fact]
    public void A_reader_that_does_not_look_at_the_checksum_is_caught()
    {
        Assert.ThrowsAny<Exception>(() => Refuses(TrustingParse));
    }

    [Theory]
    [InlineData("", "not a cursor")]
    [InlineData("web", "not a cursor")]
    [InlineData("s=1f3c;i=4", "not a cursor")]
    [InlineData("t:AAAA", "not a cursor")]
    [InlineData("t2:AAAAAAAA", "of form t2, this tspm knows t1")]
    [InlineData("t1:", "checksum")]
    [InlineData("t1:?!", "not base64url")]
    public void What_is_no_cursor_is_refused_with_what_is_wrong(string text, string words)
    {
        var error = Assert.Throws<FormatException>(() => FollowCursor.Parse(text));

        Assert.Contains(words, error.Message);
    }

    [Fact]
    public void A_cursor_has_a_bound()
    {
        var text = "t1:" + new string('A', FollowCursor.MaxText);

        Assert.Contains(
            "at most",
            Assert.Throws<FormatException>(() => FollowCursor.Parse(text)).Message
        );
    }

    [Fact]
    public void What_is_nearly_a_cursor_is_refused_or_is_one_that_comes_back_as_it_was() =>
        Mutant.Fuzz(
            Cursors.Select(cursor => Base64Url.DecodeFromChars(cursor.ToString().AsSpan(3))[..^4]),
            bytes =>
            {
                // Under its right checksum, so that the reader behind it is asked.
                var checksum = BitConverter.GetBytes(Crc32C.Compute(bytes));
                var text = "t1:" + Base64Url.EncodeToString([.. bytes, .. checksum]);
                if (bytes.Length == 0)
                {
                    return;
                }

                try
                {
                    var cursor = FollowCursor.Parse(text);
                    Assert.Equal(cursor.Places, FollowCursor.Parse(cursor.ToString()).Places);
                }
                catch (FormatException wrong)
                {
                    Assert.DoesNotContain("checksum", wrong.Message, StringComparison.Ordinal);
                }
            }
        );

    private static void Refuses(Func<string, FollowCursor> parse)
    {
        var places = Cursors.Where(cursor => cursor.Places.Count > 0);
        Gen.Select(places, Gen.Int[0, 10_000], Gen.Int[1, 63], Gen.Bool)
            .Sample(
                (cursor, at, change, isCut) =>
                {
                    const string letters =
                        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
                    var text = cursor.ToString();
                    var index = 3 + (at % (text.Length - 3));
                    var letter = letters[
                        (letters.IndexOf(text[index], StringComparison.Ordinal) + change)
                            % letters.Length
                    ];
                    var damaged = isCut
                        ? text[..index]
                        : $"{text[..index]}{letter}{text[(index + 1)..]}";

                    // The last letter can hold bits that belong to no byte.
                    if (isCut || index < text.Length - 1)
                    {
                        Assert.Throws<FormatException>(() => parse(damaged));
                    }
                },
                iter: 2_000
            );
    }

    private static FollowCursor TrustingParse(string text)
    {
        try
        {
            return FollowCursor.Parse(text);
        }
        catch (FormatException wrong) when (wrong.Message.Contains("checksum"))
        {
            return new FollowCursor([]);
        }
    }
}
