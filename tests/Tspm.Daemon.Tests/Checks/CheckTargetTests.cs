using Tspm.Daemon.Supervision.Checks;
using Tspm.Protocol.Messages;

namespace Tspm.Daemon.Tests.Checks;

/// <summary>Checks as people write them.</summary>
public sealed class CheckTargetTests
{
    [Theory]
    [InlineData("log:/listening on/", "Log listening on 0 ")]
    [InlineData("log:ready", "Log ready 0 ")]
    [InlineData("tcp:localhost:3000", "Tcp localhost 3000 ")]
    [InlineData("tcp:[::1]:3000", "Tcp ::1 3000 ")]
    [InlineData("http://127.0.0.1:8080/health?x=1", "Http 127.0.0.1 8080 /health?x=1")]
    [InlineData("http:http://127.0.0.1:8080/health", "Http 127.0.0.1 8080 /health")]
    [InlineData("http:localhost", "Http localhost 80 /")]
    [InlineData("exec:test -e x", "Exec test -e x 0 ")]
    [InlineData("notify", "Notify  0 ")]
    public void What_people_write_is_read(string text, string expected)
    {
        var fault = CheckTarget.TryParse(text, out var target);

        Assert.Null(fault);
        Assert.Equal(expected, $"{target.Kind} {target.Text} {target.Port} {target.Path}");
    }

    [Theory]
    [InlineData("ping:host", "is no check")]
    [InlineData("tcp:host", "port from 1 to 65535")]
    [InlineData("tcp:host:0", "port from 1 to 65535")]
    [InlineData("tcp:host:70000", "port from 1 to 65535")]
    [InlineData("log:", "no expression")]
    [InlineData("log:/(/", "cannot be read")]
    [InlineData("log:/(?=a)b/", "back-tracking")]
    [InlineData("exec: ", "no command")]
    [InlineData("http:https://x/", "https")]
    [InlineData("http://h/a b", "ASCII")]
    public void What_is_no_check_is_refused_with_the_reason(string text, string expected)
    {
        var fault = CheckTarget.TryParse(text, out _);

        Assert.Contains(expected, fault, StringComparison.Ordinal);
    }

    [Fact]
    public void A_health_check_by_a_log_line_is_refused()
    {
        var probe = new ProbeSpec { Check = "log:/ok/" };

        Assert.NotNull(CheckTarget.FindFault(probe, isHealth: true));
        Assert.Null(CheckTarget.FindFault(probe, isHealth: false));
    }

    [Fact]
    public void Settings_out_of_range_are_named_with_the_range()
    {
        var probe = new ProbeSpec { Check = "notify", EveryMs = 1 };

        Assert.Equal(
            "an interval of 1 ms is not within 10 ms to 1 day",
            CheckTarget.FindFault(probe, isHealth: true)
        );
    }
}
