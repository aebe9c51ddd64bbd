using Tspm.Cli.Rendering;
using Tspm.Cli.Tests.Completion;
using Tspm.Protocol.Messages;

namespace Tspm.Cli.Tests.Rendering;

/// <summary>The table at several widths, templates, sorting; names that want to move the cursor.</summary>
public sealed class ProcessTableTests
{
    private static readonly ProcessView[] Some =
    [
        SomeProcess.With("web", "default", 5),
        SomeProcess.With("a-rather-long-name-of-a-worker", "default", 17, "backoff", 1) with
        {
            CpuPercent = null,
            MemoryBytes = null,
        },
    ];

    [Fact]
    public void At_80_columns_what_is_needed_least_is_left_out() =>
        Assert.Equal(
            """
            ID  NAME                            STATUS    PID  UPTIME  RESTARTS    CPU  MEM
             0  web                             running  4711  3m02s          4  12.5%  84M
             1  a-rather-long-name-of-a-worker  backoff     -  -              4      -    -
            """,
            Shape(80)
        );

    [Theory]
    [InlineData(120)]
    [InlineData(200)]
    [InlineData(null)]
    public void With_room_nothing_is_cut(int? width) =>
        Assert.Equal(
            """
            ID  NAME                            STATUS   RUN   PID  UPTIME  RESTARTS    CPU  MEM  LOG/S
             0  web                             running    5  4711  3m02s          4  12.5%  84M      -
             1  a-rather-long-name-of-a-worker  backoff   17     -  -              4      -    -      -  next try in 12s
            """,
            Shape(width)
        );

    [Fact]
    public void In_20_columns_name_and_state_are_left() =>
        Assert.Equal(
            """
            NAME         STATUS
            web          running
            a-rather-l…  backoff
            """,
            Shape(20)
        );

    [Fact]
    public void Pictures_go_before_a_name_or_a_note_suffers()
    {
        var some = Some.Select((one, at) => one with { Id = (uint)at }).ToArray();
        var samples = new Dictionary<uint, ProcessSamples> { [0] = Samples(1, 2, 10) };

        Assert.Equal(
            """
            ID  NAME  STATUS   RUN   PID  UPTIME  RESTARTS    CPU  MEM  LOG/S  LAST 60s
             0  web   running    5  4711  3m02s          4  12.5%  84M      -  ·····▂▃█
            """,
            Shape(80, some[..1], samples)
        );
        Assert.Contains("LAST 60s", Shape(120, some, samples), StringComparison.Ordinal);
        Assert.DoesNotContain("LAST 60s", Shape(100, some, samples), StringComparison.Ordinal);
        Assert.EndsWith("next try in 12s", Shape(100, some, samples), StringComparison.Ordinal);
    }

    [Fact]
    public void The_wide_table_has_what_each_prints_and_a_picture_of_the_last_minute()
    {
        var some = Some.Select((one, at) => one with { Id = (uint)at }).ToArray();
        some[0] = some[0] with { Use = new SampleView { LinesPerSecond = 310 } };
        var samples = new Dictionary<uint, ProcessSamples>
        {
            [0] = Samples(null, null, 100, 310, 310, 0, 155, 310),
        };

        var rows = ProcessTable
            .Format(some, null, hasColor: false, isWide: true, samples)
            .Split('\n');

        Assert.Matches(
            @"MEM +LOG/S +LAST 60s +LINES +BYTES +LOST +DISK +NEXT +RESTART +DIRECTORY +COMMAND$",
            rows[0]
        );
        Assert.Contains(" 310  ··▄██▁▅█  ", rows[1], StringComparison.Ordinal);
        Assert.Contains("   -  ········  ", rows[2], StringComparison.Ordinal);
        Assert.DoesNotContain(
            "LAST",
            ProcessTable.Format(some, null, hasColor: false, isWide: true),
            StringComparison.Ordinal
        );
    }

    [Fact]
    public void No_row_is_wider_than_the_terminal()
    {
        for (var width = 1; width < 130; width++)
        {
            Assert.All(
                ProcessTable.Format(Some, width, hasColor: false).Split('\n'),
                row => Assert.True(CellWidth.Measure(row) <= width, $"{width}: {row}")
            );
        }
    }

    [Fact]
    public void Names_move_no_cursor_in_table_and_template()
    {
        ProcessView[] hostile =
        [
            SomeProcess.With("a\e[2J\rb\u202e", "n\n", 1) with
            {
                Command = ["\e]0;x\a"],
                Cwd = "/\b",
            },
        ];
        var text =
            ProcessTable.Format(hostile, 200, hasColor: false, isWide: true)
            + ProcessTemplate.Parse("{name}{ns}{command}{cwd}").Format(hostile[0]);

        Assert.DoesNotContain(
            text,
            letter => (letter < ' ' && letter != '\n') || letter is '\x7f' or '\u202e'
        );
    }

    [Theory]
    [InlineData("{name} {status}", "web running")]
    [InlineData("{name,-6}|{pid,6}|", "web   |  4711|")]
    [InlineData("{{{id}}}\\t{mem}", "{0}\t84M")]
    public void A_template_is_filled_in(string template, string expected) =>
        Assert.Equal(expected, ProcessTemplate.Parse(template).Format(Some[0]));

    [Theory]
    [InlineData("{nmae}", "did you mean: name")]
    [InlineData("{name", "name")]
    [InlineData("name}", "name")]
    [InlineData("{name,x}", "name")]
    [InlineData("{name,99999}", "name")]
    public void A_wrong_template_is_refused_with_help(string template, string hint)
    {
        var error = Assert.Throws<CliException>(() => ProcessTemplate.Parse(template));

        Assert.Equal(ExitCodes.Usage, error.ExitCode);
        Assert.Contains(hint, error.Hint, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("name", "a-rather-long-name-of-a-worker")]
    [InlineData("-name", "web")]
    [InlineData("cpu", "web")]
    [InlineData("run", "a-rather-long-name-of-a-worker")]
    public void Sorting_puts_this_one_first(string by, string first) =>
        Assert.Equal(first, ProcessColumns.Sort(Some, by)[0].Name);

    private static ProcessSamples Samples(params double?[] lines) =>
        new()
        {
            Id = 0,
            Ns = "default",
            Name = "web",
            Status = "running",
            StatusText = "running",
            Lines = lines,
        };

    private static string Shape(
        int? width,
        ProcessView[]? some = null,
        Dictionary<uint, ProcessSamples>? samples = null
    ) =>
        string.Join(
            '\n',
            ProcessTable
                .Format(some ?? Some, width, hasColor: false, isWide: false, samples)
                .TrimEnd('\n')
                .Split('\n')
                .Select(row => row.TrimEnd())
        );
}
