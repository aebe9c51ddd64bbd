using CsCheck;
using Tspm.Daemon.Supervision;

namespace Tspm.Daemon.Tests;

/// <summary>Secrets are hidden wherever an environment is shown.</summary>
public sealed class SecretMaskTests
{
    private const long Iterations = 2_000;

    // No letter of a value is in a name or in the mask, so finding it in the output means that it leaked.
    private static readonly Gen<string> Values = Gen.Char["#%~^!=\n"]
        .Array[1, 40]
        .Select(letters => new string(letters))
        .Where(value => value.AsSpan().ContainsAnyExcept('='));

    private static readonly Gen<string> SecretNames = Gen.Select(
        Texts.OneOf("", "DB_", "my_", "A_B_"),
        Texts.OneOf(
            "PASS",
            "PASSWORD",
            "PASSWD",
            "PASSPHRASE",
            "SECRET",
            "TOKEN",
            "APIKEY",
            "API_KEY",
            "PRIVATE_KEY",
            "ACCESS_KEY",
            "CREDENTIAL",
            "CREDENTIALS",
            "AUTH",
            "COOKIE",
            "SESSION",
            "DSN",
            "CONNSTR",
            "CONNECTION_STRING",
            "DATABASE_URL",
            "PGPASSWORD",
            "MYSQL_PWD",
            "SSHPASS",
            "SECRETS"
        ),
        Texts.OneOf("", "_FILE", "_2"),
        Gen.Bool,
        (before, word, after, isLower) =>
            isLower ? $"{before}{word}{after}".ToLowerInvariant() : $"{before}{word}{after}"
    );

    private static readonly Gen<(string, string)> Cases = Gen.Select(SecretNames, Values);

    [Fact]
    public void The_value_of_a_secret_name_is_never_in_the_output()
    {
        Cases.Sample((name, value) => AssertHidden(SecretMask.Mask, name, value), iter: Iterations);
    }

    [Fact]
    public void A_mask_that_knows_whole_names_only_is_caught()
    {
        Func<string, string> literal = variable =>
            variable.StartsWith("PASSWORD=", StringComparison.Ordinal)
                ? SecretMask.Mask(variable)
                : variable;

        AssertCaught(literal);
    }

    [Fact]
    public void A_mask_that_shows_the_last_characters_is_caught()
    {
        AssertCaught(variable => SecretMask.Mask(variable) + variable[^1]);
    }

    [Theory]
    [InlineData("postgres://me:hunter2@db/x")]
    [InlineData("redis://:hunter2@cache")]
    [InlineData("eyJhbGciOi.eyJzdWIi.c2ln")]
    [InlineData("-----BEGIN PRIVATE KEY-----\nMII")]
    [InlineData("ghp_abcdef")]
    [InlineData("sk-abcdef")]
    [InlineData("xoxb-1234")]
    [InlineData("github_pat_11ABC")]
    [InlineData("AKIAIOSFODNN7EXAMPLE")]
    [InlineData("HTTPS://u:hunter2@h")]
    [InlineData("postgres://u:p/w@h")]
    public void A_value_that_looks_like_a_secret_is_hidden_under_any_name(string value)
    {
        var shown = SecretMask.Mask($"PLAIN={value}");

        Assert.StartsWith("PLAIN=••••(", shown);
        Assert.DoesNotContain(value, shown);
    }

    [Theory]
    [InlineData("PATH=/usr/bin:/bin")]
    [InlineData("PWD=/srv/web")]
    [InlineData("OLDPWD=/srv")]
    [InlineData("PASSAGE=north")]
    [InlineData("AUTHOR=me")]
    [InlineData("TOKENIZER=bpe")]
    [InlineData("URL=https://example.org/a:b@c")]
    [InlineData("MODE=skip")]
    [InlineData("PASSWORD=")]
    [InlineData("PASSWORD")]
    public void What_is_no_secret_or_empty_is_shown_as_it_is(string variable)
    {
        Assert.Equal(variable, SecretMask.Mask(variable));
    }

    [Theory]
    [InlineData(1, 8)]
    [InlineData(8, 8)]
    [InlineData(9, 16)]
    [InlineData(16, 16)]
    [InlineData(17, 24)]
    public void The_length_is_rounded_up_to_a_multiple_of_8(int length, int shown)
    {
        var variable = $"TOKEN={new string('#', length)}";

        Assert.Equal($"TOKEN=••••({shown})", SecretMask.Mask(variable));
    }

    private static void AssertCaught(Func<string, string> broken) =>
        Assert.ThrowsAny<Exception>(() =>
            Cases.Sample((name, value) => AssertHidden(broken, name, value), iter: Iterations)
        );

    private static void AssertHidden(Func<string, string> mask, string name, string value)
    {
        var shown = mask($"{name}={value}");
        Assert.StartsWith($"{name}=", shown);
        var afterName = shown[(name.Length + 1)..];
        foreach (var letter in value)
        {
            Assert.DoesNotContain(letter, afterName);
        }
    }
}
