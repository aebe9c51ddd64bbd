using System.Text;
using Tspm.Cli.Commands;

namespace Tspm.Cli.Tests.Commands;

/// <summary>What of what one types is for the program, and what is for us.</summary>
public sealed class DetachKeyTests
{
    [Theory]
    [InlineData("ls\r", "ls\r", false)]
    [InlineData("a\u001dd", "a", true)]
    [InlineData("\u001ddrest", "", true)]
    [InlineData("\u001d\u001dd", "\u001dd", false)]
    [InlineData("\u001dx", "\u001dx", false)]
    [InlineData("\u001d\u001d\u001dd", "\u001d", true)]
    [InlineData("d", "d", false)]
    public void Ctrl_bracket_and_d_leave(string typed, string passed, bool leaves)
    {
        var got = new List<byte>();

        var isLeaving = new DetachKey().Take(Encoding.UTF8.GetBytes(typed), got);

        Assert.Equal((passed, leaves), (Encoding.UTF8.GetString([.. got]), isLeaving));
    }

    [Fact]
    public void It_does_not_matter_how_the_keys_come_in_pieces()
    {
        var random = new Random(3);
        for (var i = 0; i < 2_000; i++)
        {
            var typed = new byte[random.Next(12)];
            for (var at = 0; at < typed.Length; at++)
            {
                typed[at] = "ad\u001d"u8[random.Next(3)];
            }

            var whole = new List<byte>();
            var left = new DetachKey().Take(typed, whole);

            var pieces = new List<byte>();
            var keys = new DetachKey();
            var leftInPieces = false;
            for (var at = 0; at < typed.Length && !leftInPieces; at++)
            {
                leftInPieces = keys.Take(typed.AsSpan(at, 1), pieces);
            }

            Assert.Equal(left, leftInPieces);
            Assert.Equal(whole, pieces);
        }
    }
}
