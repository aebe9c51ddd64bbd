using CsCheck;
using Tspm.Daemon.Supervision;
using Tspm.Protocol.Messages;

namespace Tspm.Daemon.Tests;

/// <summary>What a process names as a secret is hidden wherever it would be shown, besides what looks like one.</summary>
public sealed class ProcessSecretsTests
{
    private const long Iterations = 500;
    private static readonly Gen<string> Value = Gen.Char["#%~^!@$"]
        .Array[4, 30]
        .Select(letters => new string(letters));

    [Fact]
    public void The_value_of_a_named_secret_is_in_no_text_that_is_shown()
    {
        Value.Sample(
            value => AssertHidden(value, spec => ProcessSecrets.Of(spec)),
            iter: Iterations
        );
    }

    [Fact]
    public void Masking_that_does_not_know_the_names_is_caught()
    {
        Assert.ThrowsAny<Exception>(() =>
            Value.Sample(value => AssertHidden(value, _ => ProcessSecrets.None), iter: Iterations)
        );
    }

    [Theory]
    [InlineData("--plain-thing=abcdef", "--plain-thing=••••(8)")]
    [InlineData("--Plain.Thing abcdef", "--Plain.Thing ••••(8)")]
    [InlineData("PLAIN_THING=abcdef", "PLAIN_THING=••••(8)")]
    [InlineData("--plain=abcdef", "--plain=abcdef")]
    public void An_option_is_named_as_its_variable_would_be(string line, string shown)
    {
        var secrets = ProcessSecrets.Of(SpecOf("PLAIN_THING"));

        Assert.Equal(shown, secrets.Line(line));
        Assert.Equal(shown.Split(' '), secrets.Words(line.Split(' ')));
    }

    [Fact]
    public void A_value_as_short_as_a_word_is_hidden_by_its_name_only()
    {
        var secrets = ProcessSecrets.Of(SpecOf("FLAG") with { Env = ["FLAG=yes"] });

        Assert.Equal("FLAG=••••(8)", secrets.Variable("FLAG=yes"));
        Assert.Equal("yes, it ended", secrets.Text("yes, it ended"));
    }

    [Fact]
    public void What_looks_like_a_secret_is_hidden_in_a_process_that_names_none()
    {
        Assert.Equal("TOKEN=••••(8)", ProcessSecrets.None.Variable("TOKEN=abc"));
        Assert.Equal(["--token", "••••(8)"], ProcessSecrets.None.Words(["--token", "abc"]));
    }

    [Theory]
    [InlineData("")]
    [InlineData("A=B")]
    [InlineData("A B")]
    public void A_name_that_no_variable_has_is_refused(string name)
    {
        Assert.Contains($"\"{name}\"", ProcessSecrets.FindFault(["FINE", name]));
    }

    [Fact]
    public void Too_many_names_are_refused_with_the_range()
    {
        var names = Enumerable.Range(0, 101).Select(n => $"N{n}").ToList();

        Assert.Equal("secrets: 101 names are more than 100", ProcessSecrets.FindFault(names));
    }

    private static void AssertHidden(string value, Func<ProcessSpec, ProcessSecrets> make)
    {
        var spec = SpecOf("PLAIN") with { Env = [$"PLAIN={value}", "OTHER=1"] };
        var secrets = make(spec);
        string[] shown =
        [
            secrets.Variable(spec.Env[0]),
            .. secrets.Words(["run", "--plain", value, $"x{value}y"]),
            secrets.Line($"run --plain={value}"),
            secrets.Text($"cannot open /srv/{value}: no such file"),
        ];

        Assert.All(shown, text => Assert.DoesNotContain(value, text, StringComparison.Ordinal));
    }

    private static ProcessSpec SpecOf(string secret) =>
        new()
        {
            Name = "web",
            Command = ["/bin/true"],
            Cwd = "/",
            Secrets = [secret],
        };
}
