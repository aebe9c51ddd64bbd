using System.Text.Json;
using Tspm.Protocol.Messages;

namespace Tspm.Protocol.Tests;

/// <summary>A key that is missing has its default, whoever wrote the message (docs/protocol.md section 1).</summary>
public sealed class MessageDefaultsTests
{
    [Fact]
    public void Options_of_a_subscription_may_be_left_out()
    {
        var read = JsonSerializer.Deserialize(
            "{}",
            ProtocolJsonContext.Default.LogSubscribeOptions
        )!;

        Assert.Equal(
            Written(new LogSubscribeOptions(), ProtocolJsonContext.Default.LogSubscribeOptions),
            Written(read, ProtocolJsonContext.Default.LogSubscribeOptions)
        );
        Assert.Equal("now", read.Start);
    }

    [Fact]
    public void A_process_that_names_no_secrets_and_hides_nothing_may_say_so_by_silence()
    {
        var read = JsonSerializer.Deserialize(
            "{\"name\":\"web\",\"command\":[\"true\"],\"cwd\":\"/\"}",
            ProtocolJsonContext.Default.ProcessSpec
        )!;
        var written = Written(
            read with
            {
                Secrets = ["API_X"],
                Redact = ["\\d{16}"],
            },
            ProtocolJsonContext.Default.ProcessSpec
        );

        Assert.Empty(read.Secrets);
        Assert.Empty(read.Redact);
        Assert.Contains("\"secrets\":[\"API_X\"],\"redact\":[\"\\\\d{16}\"]", written);
    }

    [Fact]
    public void Bounds_of_a_page_may_be_left_out()
    {
        var read = JsonSerializer.Deserialize(
            "{\"id\":3,\"from\":1}",
            ProtocolJsonContext.Default.GetLogsRequest
        )!;

        Assert.Equal(
            Written(
                new GetLogsRequest { Id = 3, From = 1 },
                ProtocolJsonContext.Default.GetLogsRequest
            ),
            Written(read, ProtocolJsonContext.Default.GetLogsRequest)
        );
        Assert.Equal(1_000, read.MaxEntries);
        Assert.False(read.ByBytes);
    }

    [Fact]
    public void A_page_by_bytes_still_tells_an_older_daemon_how_many_entries_it_may_have()
    {
        var asked = new GetLogsRequest
        {
            Id = 3,
            From = 1,
            MaxEntries = 10_000,
            ByBytes = true,
        };

        var golden =
            "{\"id\":3,\"from\":1,\"origin\":0,\"maxEntries\":10000,\"byBytes\":true,\"maxBytes\":1048576";

        Assert.StartsWith(
            golden,
            Written(asked, ProtocolJsonContext.Default.GetLogsRequest),
            StringComparison.Ordinal
        );
    }

    [Fact]
    public void A_process_needs_a_name_a_command_and_a_directory_only()
    {
        var read = JsonSerializer.Deserialize(
            "{\"spec\":{\"name\":\"web\",\"command\":[\"true\"],\"cwd\":\"/\"}}",
            ProtocolJsonContext.Default.StartRequest
        )!;

        var whole = new StartRequest
        {
            Spec = new ProcessSpec
            {
                Name = "web",
                Command = ["true"],
                Cwd = "/",
            },
        };
        Assert.Equal(
            Written(whole, ProtocolJsonContext.Default.StartRequest),
            Written(read, ProtocolJsonContext.Default.StartRequest)
        );
        Assert.Equal(RestartPolicies.OnFailure, read.Spec!.Restart.Policy);
    }

    [Fact]
    public void Watch_needs_paths_a_schedule_its_times_and_send_a_name()
    {
        var json = ProtocolJsonContext.Default;
        var watch = JsonSerializer.Deserialize("{\"paths\":[\"/a\"]}", json.WatchSpec)!;
        var schedule = JsonSerializer.Deserialize("{\"cron\":\"@daily\"}", json.ScheduleSpec)!;
        var send = JsonSerializer.Deserialize("{\"select\":\"web\"}", json.SendRequest)!;

        Assert.Equal(
            "{\"paths\":[\"/a\"],\"ignore\":[],\"debounceMs\":300,\"gitIgnore\":true}",
            Written(watch, json.WatchSpec)
        );
        Assert.Equal(
            "{\"cron\":\"@daily\",\"action\":\"restart\",\"missed\":\"run\"}",
            Written(schedule, json.ScheduleSpec)
        );
        Assert.Equal(
            "{\"select\":\"web\",\"run\":0,\"bytes\":\"\",\"eof\":false,\"timeoutMs\":5000}",
            Written(send, json.SendRequest)
        );
        Assert.Equal(
            "{\"run\":5,\"offset\":4096}",
            Written(new SubscribedTerminal(5, 4096), json.SubscribedTerminal)
        );
        Assert.Contains("\"src\" is not absolute", new WatchSpec { Paths = ["src"] }.FindFault());
    }

    [Fact]
    public void Bounds_of_the_log_files_may_be_left_out_and_wrong_ones_are_named()
    {
        const string bounds =
            "{\"fileBytes\":67108864,\"maxBytes\":536870912,\"maxAgeMs\":2592000000,\"onPressure\":\"drop\"}";
        var read = JsonSerializer.Deserialize("{}", ProtocolJsonContext.Default.LogFileSpec)!;

        Assert.Equal(bounds, Written(read, ProtocolJsonContext.Default.LogFileSpec));
        Assert.Null(read.FindFault());
        Assert.Contains("4095 bytes", new LogFileSpec { FileBytes = 4095 }.FindFault());
        Assert.Contains("4096 bytes of log", new LogFileSpec { MaxBytes = 4096 }.FindFault());
        Assert.Contains("-1 ms", new LogFileSpec { MaxAgeMs = -1 }.FindFault());
        Assert.Contains("\"wait\"", new LogFileSpec { OnPressure = "wait" }.FindFault());
    }

    [Fact]
    public void A_question_why_and_a_place_in_time_need_little()
    {
        var why = JsonSerializer.Deserialize("{}", ProtocolJsonContext.Default.WhyRequest)!;
        var place = JsonSerializer.Deserialize(
            "{\"id\":3}",
            ProtocolJsonContext.Default.LocateRequest
        )!;
        var report = JsonSerializer.Deserialize(
            "{\"id\":3,\"ns\":\"default\",\"name\":\"web\",\"run\":5,\"ended\":\"exit\",\"by\":\"self\"}",
            ProtocolJsonContext.Default.CrashReport
        )!;

        Assert.Equal((10, 0, false), (why.Lines, why.Select.Count, why.List));
        Assert.Empty(place.Times);
        Assert.Equal((1, "unknown", 0), (report.V, report.OutOfMemory, report.Command.Count));
    }

    [Fact]
    public void Places_and_changes_have_these_bytes()
    {
        var places = new LocateReply([new AfterPosition(2, 40)]);
        var changes = new RunChanges { GoodRun = 4, EnvAdded = ["B"] };

        Assert.Equal(
            "{\"places\":[{\"epoch\":2,\"seq\":40}]}",
            Written(places, ProtocolJsonContext.Default.LocateReply)
        );
        Assert.Equal(
            "{\"goodRun\":4,\"envAdded\":[\"B\"],\"envRemoved\":[],\"envChanged\":[]}",
            Written(changes, ProtocolJsonContext.Default.RunChanges)
        );
    }

    [Fact]
    public void Samples_need_no_key_and_have_these_bytes()
    {
        var read = JsonSerializer.Deserialize("{}", ProtocolJsonContext.Default.SamplesRequest)!;
        var one = new ProcessSamples
        {
            Id = 3,
            Ns = "default",
            Name = "web",
            Status = "running",
            StatusText = "running",
            Run = 5,
            Latest = new SampleView { CpuPercent = 1.5, MemoryBytes = 4096 },
            Cpu = [null, 1.5],
        };

        Assert.Equal(
            "{\"select\":[],\"seconds\":60,\"points\":0,\"details\":false}",
            Written(read, ProtocolJsonContext.Default.SamplesRequest)
        );
        Assert.Equal(
            "{\"at\":\"now\",\"intervalMs\":1000,\"cores\":1,\"processes\":[{\"id\":3,\"ns\":\"default\",\"name\":\"web\","
                + "\"status\":\"running\",\"statusText\":\"running\",\"run\":5,\"restarts\":0,\"latest\":{\"ageMs\":0,"
                + "\"cpuPercent\":1.5,\"memoryBytes\":4096,\"threads\":0,\"programs\":0,\"peakBytes\":0},\"cpu\":[null,1.5]}]}",
            Written(
                new SamplesReply { At = "now", Processes = [one] },
                ProtocolJsonContext.Default.SamplesReply
            )
        );
    }

    private static string Written<T>(
        T message,
        System.Text.Json.Serialization.Metadata.JsonTypeInfo<T> type
    ) => JsonSerializer.Serialize(message, type);
}
