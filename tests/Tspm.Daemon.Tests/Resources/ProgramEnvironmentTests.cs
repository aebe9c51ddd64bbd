using Tspm.Daemon.Resources;
using Tspm.Daemon.Supervision;
using Tspm.Protocol.Messages;

namespace Tspm.Daemon.Tests.Resources;

/// <summary>What a program is started with, and what a restart takes over.</summary>
public sealed class ProgramEnvironmentTests
{
    private static readonly ProcessSpec Web = new()
    {
        Name = "web",
        Command = ["true"],
        Cwd = "/",
        Env = ["HOME=/home/me", "OWN=given", "SHELL=/bin/sh"],
        Inherited = ["HOME", "SHELL"],
    };

    [Fact]
    public void Files_win_over_what_is_inherited_and_lose_to_what_is_given_and_are_read_each_time()
    {
        var file = Path.GetTempFileName();
        try
        {
            var spec = Web with { EnvFiles = [file] };
            File.WriteAllText(file, "# all\nexport HOME='/srv'\n\nOWN=file\nNEW=\"a b\"\n");

            Assert.Null(ProgramEnvironment.TryRead(spec, out var first));
            File.WriteAllText(file, "wrong\n");
            var fault = ProgramEnvironment.TryRead(spec, out _);

            Assert.Equal(["HOME=/srv", "NEW=a b", "OWN=given", "SHELL=/bin/sh"], first);
            Assert.Equal($"env-file {file}:1: this is not NAME=VALUE", fault);
        }
        finally
        {
            File.Delete(file);
        }

        Assert.Contains(
            "no such file",
            ProgramEnvironment.TryRead(Web with { EnvFiles = ["/nowhere/.env"] }, out _)
        );
    }

    [Fact]
    public void An_update_takes_over_the_caller_and_leaves_what_was_given()
    {
        var after = ProgramEnvironment.Update(Web, ["HOME=/root", "OWN=caller", "NEW=1"]);

        Assert.Equal(["HOME=/root", "NEW=1", "OWN=given"], after.Env);
        Assert.Equal(["HOME", "NEW"], after.Inherited);
        Assert.Equal(
            "environment updated: added NEW; removed SHELL; changed HOME",
            ProgramEnvironment.Compare(Web, after)
        );
        Assert.Equal(
            ["HOME"],
            ProgramEnvironment
                .Update(Web with { InheritEnv = ["HOME"] }, ["HOME=/root", "NEW=1"])
                .Inherited
        );
        Assert.Empty(
            ProgramEnvironment.Update(Web with { InheritEnv = [] }, ["HOME=/root"]).Inherited
        );
    }

    [Fact]
    public void More_than_a_mebibyte_or_ten_thousand_arguments_is_refused_with_value_and_range()
    {
        var fat = Web with { Env = [$"FAT={new string('x', 1024 * 1024)}"] };
        var full = Web with { Env = [$"FAT={new string('x', (1024 * 1024) - 5)}"] };
        var many = Web with { Command = [.. Enumerable.Repeat("x", 10_001)] };

        Assert.Equal(
            "the environment has 1048581 bytes, which is not within 0 to 1048576",
            SpecFaults.Find(fat)
        );
        Assert.Null(SpecFaults.Find(full));
        Assert.Equal("a command of 10001 words is not within 1 to 10000", SpecFaults.Find(many));
        Assert.Null(SpecFaults.Find(many with { Command = [.. Enumerable.Repeat("x", 10_000)] }));
    }
}
