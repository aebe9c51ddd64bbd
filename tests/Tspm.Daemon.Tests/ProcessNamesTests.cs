using CsCheck;
using Tspm.Daemon.Supervision;

namespace Tspm.Daemon.Tests;

/// <summary>What may be the name of a process.</summary>
public sealed class ProcessNamesTests
{
    private static readonly Gen<string> Texts = Gen.Char["aZ09._-/ é*\n"]
        .Array[0, 6]
        .Select(letters => new string(letters));

    [Theory]
    [InlineData("web")]
    [InlineData("A.b_c-9")]
    [InlineData("1a")]
    [InlineData("All")]
    public void A_plain_name_is_taken(string name)
    {
        Assert.Null(ProcessNames.FindFault(name));
    }

    [Theory]
    [InlineData("", "1 to 63 characters")]
    [InlineData("-web", "begins with a letter or digit")]
    [InlineData(".web", "begins with a letter or digit")]
    [InlineData("a b", "only letters, digits")]
    [InlineData("a/b", "only letters, digits")]
    [InlineData("web\n", "only letters, digits")]
    [InlineData("caf\u00e9", "only letters, digits")]
    [InlineData("12", "taken for an id")]
    [InlineData("all", "every process")]
    public void A_name_that_cannot_be_one_is_refused_with_the_reason(string name, string reason)
    {
        var fault = ProcessNames.FindFault(name);

        Assert.NotNull(fault);
        Assert.Contains(reason, fault);
    }

    [Fact]
    public void The_longest_name_is_taken_and_one_character_more_is_not()
    {
        var longest = new string('a', ProcessNames.MaxLength);

        Assert.Null(ProcessNames.FindFault(longest));
        Assert.NotNull(ProcessNames.FindFault(longest + "a"));
    }

    [Fact]
    public void A_name_that_is_taken_selects_its_own_process_and_no_other()
    {
        Texts.Sample(name =>
        {
            if (ProcessNames.FindFault(name) is not null)
            {
                return;
            }

            Assert.Null(Selector.TryParse(name, out var selector));
            Assert.True(selector.IsExactName);
            Assert.True(selector.Matches(Records.Named(name)));
            Assert.False(selector.Matches(Records.Named(name + "x")));
        });
    }
}
