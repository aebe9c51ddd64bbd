using CsCheck;
using Tspm.Cli.CommandLine;

namespace Tspm.Cli.Tests.CommandLine;

/// <summary>The grammar of --since.</summary>
public sealed class TimeTextTests
{
    private static readonly DateTimeOffset Now = new(2026, 1, 31, 14, 5, 6, TimeSpan.Zero);

    [Theory]
    [InlineData("90s", "2026-01-31T14:03:36Z")]
    [InlineData("10m", "2026-01-31T13:55:06Z")]
    [InlineData("2h30m", "2026-01-31T11:35:06Z")]
    [InlineData("3d", "2026-01-28T14:05:06Z")]
    [InlineData("2026-01-30", "2026-01-30T00:00:00Z")]
    [InlineData("2026-01-30 14:05", "2026-01-30T14:05:00Z")]
    [InlineData("2026-01-30T14:05:06.123Z", "2026-01-30T14:05:06.123Z")]
    [InlineData("2026-01-30T14:05:06+02:00", "2026-01-30T12:05:06Z")]
    [InlineData("14:05", "2026-01-31T14:05:00Z")]
    [InlineData("now", "2026-01-31T14:05:06Z")]
    [InlineData("today", "2026-01-31T00:00:00Z")]
    [InlineData("yesterday", "2026-01-30T00:00:00Z")]
    [InlineData("@1767225600.5", "2026-01-01T00:00:00.5Z")]
    public void A_time_is_understood(string text, string expected)
    {
        var time = TimeText.Parse(text, Now, TimeZoneInfo.Utc);

        Assert.Equal(
            DateTimeOffset.Parse(expected, System.Globalization.CultureInfo.InvariantCulture),
            time
        );
    }

    [Theory]
    [InlineData("")]
    [InlineData("soon")]
    [InlineData("10")]
    [InlineData("10x")]
    [InlineData("25:00")]
    [InlineData("2026-02-30")]
    [InlineData("@")]
    [InlineData("-5m")]
    public void Another_text_is_refused(string text) =>
        Assert.ThrowsAny<Exception>(() => TimeText.Parse(text, Now, TimeZoneInfo.Utc));

    [Theory]
    [InlineData("10x", 3)]
    [InlineData("2h30", 5)]
    [InlineData("soon", 1)]
    [InlineData("2026-13-01", 6)]
    [InlineData("2026-02-30", 9)]
    [InlineData("2026-01-31 14:65", 15)]
    [InlineData("2026-01-31x14:05", 11)]
    [InlineData("2026-01-31T14:05:06+25:00", 21)]
    [InlineData("25:00", 1)]
    [InlineData("14:05:6", 7)]
    [InlineData("@12x", 4)]
    [InlineData("99999999d", 1)]
    [InlineData("9999999999s", 1)]
    public void What_is_wrong_is_told_by_its_column_with_three_examples(string text, int column)
    {
        var error = Assert.Throws<CliException>(() => TimeText.Parse(text, Now, TimeZoneInfo.Utc));

        Assert.Equal(ExitCodes.Usage, error.ExitCode);
        Assert.Contains($"(column {column})", error.Message, StringComparison.Ordinal);
        Assert.Equal(3, error.Hint!.Split(", ").Length);
    }

    [Fact]
    public void No_text_ends_in_anything_but_a_time_or_a_typed_error()
    {
        Gen.Char["0123456789-:T Z+.@smhd"]
            .Array[0, 24]
            .Sample(
                letters =>
                {
                    try
                    {
                        _ = TimeText.Parse(new string(letters), Now, TimeZoneInfo.Utc);
                    }
                    catch (CliException error)
                    {
                        Assert.Equal(ExitCodes.Usage, error.ExitCode);
                    }
                },
                iter: 20_000
            );
    }
}
