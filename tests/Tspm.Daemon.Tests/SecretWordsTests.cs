using Tspm.Daemon.Supervision;

namespace Tspm.Daemon.Tests;

/// <summary>Arguments that look like secrets are hidden wherever a command is shown.</summary>
public sealed class SecretWordsTests
{
    [Theory]
    [InlineData("--token=abc", "--token=••••(8)")]
    [InlineData("--api-key 123456789", "--api-key ••••(16)")]
    [InlineData("API_TOKEN=abc run", "API_TOKEN=••••(8) run")]
    [InlineData("--db postgres://me:pw@h/x", "--db ••••(24)")]
    [InlineData("curl ghp_abcdefghijklmnop", "curl ••••(24)")]
    [InlineData("--token --verbose --x=y", "--token --verbose --x=y")]
    [InlineData("serve --port 80 --tokens-file= x", "serve --port 80 --tokens-file= x")]
    public void Words_are_masked_by_name_and_by_value(string line, string shown)
    {
        Assert.Equal(shown, SecretWords.MaskLine(line));
        Assert.Equal(shown.Split(' '), SecretWords.Mask(line.Split(' ')));
        Assert.Equal(["sh", "-c", shown], SecretWords.Mask(["sh", "-c", line]));
    }

    [Theory]
    [InlineData("run --password 'a b c' x", "run --password ••••(8) x")]
    [InlineData("--password=\"my secret word\"", "--password=••••(16)")]
    [InlineData("sh -c 'x --token abc' y", "sh -c 'x --token ••••(8) y")]
    [InlineData("it's --token abc", "it's --token ••••(8)")]
    public void A_secret_with_blanks_in_quotes_is_masked_whole(string line, string shown)
    {
        Assert.Equal(shown, SecretWords.MaskLine(line));
    }
}
