using System.Text.Json;
using Tspm.Daemon.Supervision;
using Tspm.Logs;
using Tspm.Protocol.Messages;

namespace Tspm.Daemon.Tests;

/// <summary>Whatever an event holds, a log takes it: one that it refused would end the daemon, and each one after it.</summary>
public sealed class EventBodyTests
{
    [Theory]
    [InlineData("y", 10_000)]
    [InlineData("", 10_000)]
    [InlineData("щ", 1_024)]
    [InlineData("\u0001\u0001\u0001", 400)]
    [InlineData("😀", 10_000)]
    public void A_command_of_many_words_is_shortened_to_what_a_log_takes(string word, int count)
    {
        var words = EventBody.Shorten([.. Enumerable.Repeat(word, count)], 1024);

        var body = EventBody.Of(new LogEvent { What = LogEvents.RunStart, Argv = words });

        Assert.InRange(body.Length, 100, LogWriter.MaxEventBytes);
        var read = JsonSerializer.Deserialize(body, ProtocolJsonContext.Default.LogEvent)!;
        Assert.Equal(word, read.Argv![0]);
    }

    [Fact]
    public void A_long_text_is_cut_between_two_characters_and_says_so()
    {
        var text = string.Concat(Enumerable.Repeat("😀", 5_000));

        var body = EventBody.Of(
            new LogEvent
            {
                What = LogEvents.Survivors,
                Message = text,
                By = text,
            }
        );

        Assert.InRange(body.Length, 100, LogWriter.MaxEventBytes);
        var read = JsonSerializer.Deserialize(body, ProtocolJsonContext.Default.LogEvent)!;
        Assert.EndsWith("😀…", read.Message);
        Assert.EndsWith("😀…", read.By);
    }

    [Fact]
    public void What_fits_is_left_as_it_is()
    {
        var told = new LogEvent
        {
            What = LogEvents.RunStart,
            Argv = ["/bin/sh", "-c", "echo é"],
            Message = new string('x', 3_000),
        };

        var body = EventBody.Of(told);

        Assert.Equal(
            JsonSerializer.SerializeToUtf8Bytes(told, ProtocolJsonContext.Default.LogEvent),
            body
        );
    }
}
