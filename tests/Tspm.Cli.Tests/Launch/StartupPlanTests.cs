using Tspm.CaptureLog;
using Tspm.Cli.Launch;

namespace Tspm.Cli.Tests.Launch;

/// <summary>What startup would install, as text.</summary>
public sealed class StartupPlanTests
{
    [Fact]
    public void The_default_home_has_the_plain_unit()
    {
        var plan = PlanOf("/home/u/.local/state/tspm", "/opt/tspm");

        Assert.Equal("/home/u/.config/systemd/user/tspm.service", plan.UnitPath);
        var unit = plan.UnitText().Split('\n');
        Assert.Contains(
            "ExecStart=\"/opt/tspm\" \"keeper\" \"--home\" \"/home/u/.local/state/tspm\" \"--resurrect\"",
            unit
        );
        Assert.Contains("Type=notify", unit);
        Assert.Contains("KillMode=process", unit);
        Assert.Contains("Restart=always", unit);
        Assert.Contains("RestartPreventExitStatus=0 5 75", unit);
        Assert.Contains("WatchdogSec=30", unit);
        Assert.Contains("TimeoutStopSec=45", unit);
        Assert.Contains("WantedBy=default.target", unit);
    }

    [Fact]
    public void Another_home_has_a_unit_of_its_own()
    {
        var one = PlanOf("/tmp/one", "/opt/tspm");
        var two = PlanOf("/tmp/two", "/opt/tspm");

        Assert.Matches("^tspm-[0-9a-f]{8}\\.service$", one.UnitName);
        Assert.NotEqual(one.UnitName, two.UnitName);
    }

    [Theory]
    [InlineData("a", "\"a\"", "\"a\"")]
    [InlineData("a b", "\"a b\"", "\"a b\"")]
    [InlineData("100%h", "\"100%%h\"", "\"100%%h\"")]
    [InlineData("$HOME", "\"$HOME\"", "\"$$HOME\"")]
    [InlineData("a\"b\\c", "\"a\\\"b\\\\c\"", "\"a\\\"b\\\\c\"")]
    public void Words_of_a_unit_are_quoted(string word, string program, string argument)
    {
        Assert.Equal(program, StartupPlan.QuoteForUnit(word, isProgram: true));
        Assert.Equal(argument, StartupPlan.QuoteForUnit(word, isProgram: false));
    }

    [Fact]
    public void A_cron_line_means_the_same_to_cron_and_its_shell()
    {
        var plan = PlanOf("/tmp/it's 100%", "/opt/tspm");

        var line = plan.CronText();

        Assert.StartsWith(
            "@reboot '/opt/tspm' 'keeper' '--home' '/tmp/it'\\''s 100\\%' '--resurrect' ",
            line
        );
        Assert.EndsWith(plan.CronMark, line);
    }

    [Fact]
    public void A_program_that_systemd_would_refuse_is_refused_before()
    {
        var error = Assert.Throws<CliException>(() => PlanOf("/tmp/a", "/opt/it's").UnitText());

        Assert.Contains("quotes", error.Message);
    }

    [Fact]
    public void A_path_with_a_line_end_is_refused()
    {
        Assert.Throws<CliException>(() => PlanOf("/tmp/a\nExecStart=evil", "/opt/tspm"));
    }

    [Fact]
    public void The_cron_table_keeps_the_lines_of_others()
    {
        var plan = PlanOf("/tmp/a", "/opt/tspm");
        var other = PlanOf("/tmp/b", "/opt/tspm").CronText();
        var table = $"# mine\n@reboot x\n{other}\n\n";

        var with = CronTable.Replace(table, plan, plan.CronText());
        var without = CronTable.Replace(with, plan, null);

        Assert.Equal(plan.CronText(), CronTable.Find(with, plan));
        Assert.Equal($"# mine\n@reboot x\n{other}\n", without);
        Assert.Equal(with, CronTable.Replace(with, plan, plan.CronText()));
    }

    private static StartupPlan PlanOf(string home, string program) =>
        StartupPlan.Of(
            HomePaths.At(home),
            [program],
            30_000,
            name => name == "HOME" ? "/home/u" : null
        );
}
