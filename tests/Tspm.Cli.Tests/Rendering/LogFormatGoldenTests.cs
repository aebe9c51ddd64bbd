using System.Buffers;
using System.Text;
using Tspm.Cli.Rendering;
using Tspm.Cli.Rendering.Dressing;
using Tspm.Protocol.Batches;

namespace Tspm.Cli.Tests.Rendering;

/// <summary>A fixed script of entries for terminals of 80, 120 and 200 columns: the machine formats byte for byte, the others by their width.</summary>
public sealed class LogFormatGoldenTests
{
    private const long Wall = 17_698_683_061_234_567; // 2026-01-31T14:05:06.1234567Z

    [Theory]
    [InlineData("Raw")]
    [InlineData("Cat")]
    [InlineData("Json")]
    [InlineData("JsonSeq")]
    public void A_format_looks_like_this(string name)
    {
        var all = new StringBuilder();
        foreach (var width in new[] { 80, 120, 200 })
        {
            all.Append($"== {width} columns\n").Append(Print(Enum.Parse<LogFormat>(name), width));
        }

        var file = $"logs-{name.ToLowerInvariant()}.txt";
        Assert.Equal(
            File.ReadAllText(Path.Join(AppContext.BaseDirectory, "Rendering", "Golden", file)),
            all.ToString().Replace("\x1e", "<RS>")
        );
    }

    [Theory]
    [InlineData("Short", 80)]
    [InlineData("Short", 120)]
    [InlineData("Short", 200)]
    [InlineData("Full", 80)]
    [InlineData("Full", 120)]
    [InlineData("Full", 200)]
    public void Lines_of_programs_are_cut_to_the_terminal(string name, int width)
    {
        var output = Print(Enum.Parse<LogFormat>(name), width);

        // What tspm itself says is never cut.
        Assert.All(
            output.Split('\n').Where(row => row.Contains(" | ") || row.Contains(" ! ")),
            row => Assert.True(CellWidth.Measure(row) <= width, row)
        );
    }

    private static string Print(LogFormat format, int width)
    {
        var output = new ArrayBufferWriter<byte>();
        var isText = format is LogFormat.Short or LogFormat.Full;
        var options = new LogPrinterOptions
        {
            Format = format,
            HasPrefix = true,
            Timestamps = TimestampStyle.Time,
            IsUtc = true,
            IsTerminal = true,
            Dress = isText ? new LineDress { CutWidth = () => width } : new LineDress(),
        };

        // One output, so that rows for stderr stand where a terminal would show them.
        var printer = new LogPrinter(options, output, output);
        var web = printer.Add(new LogIdentity(3, "default", "web", "0198c"));
        var worker = printer.Add(new LogIdentity(4, "shop", "a-worker-with-a-long-name", "0198d"));
        Write(printer, web, 1, 2, "{\"what\":\"run-start\",\"run\":5,\"pid\":4711}\n");
        Write(printer, web, 2, 0, "GET /health 200 1ms\n");
        Write(printer, worker, 1, 1, "retry 3 of 5\n");
        Write(
            printer,
            web,
            3,
            0,
            $"a long line {string.Concat(Enumerable.Repeat("0123456789 ", 22))}end\n"
        );
        Write(printer, web, 4, 0, "wide 漢字漢字, e\u0301, tab\there, \u202eoverride\n");
        Write(printer, web, 5, 0, "colour \e[31mred\e[0m, clear \e[2J, bell \a\n");
        printer.WriteGap(web, 6, 1_209, GapReason.Slow);
        printer.WriteGap(web, 1_210, 1_300, GapReason.Slow, isFilled: true);
        Write(printer, web, 1_301, 0, "first part ", EntryFlags.Part | EntryFlags.BreakMax);
        Write(printer, web, 1_302, 0, "and the rest\n", EntryFlags.Continuation);
        Write(printer, web, 1_303, 0, "100%\n", EntryFlags.Collapsed, aux: 37);
        printer.WriteConnectionLost();
        printer.WriteReconnected(ReconnectKind.DaemonDied);
        printer.WriteRecreated(worker);
        Write(
            printer,
            web,
            1_304,
            2,
            "{\"what\":\"run-exit\",\"run\":5,\"code\":1,\"durationMs\":182000,\"next\":\"restart\"}\n"
        );
        printer.WriteEnd(worker, "deleted");
        printer.End();
        return Encoding.UTF8.GetString(output.WrittenSpan);
    }

    private static void Write(
        LogPrinter printer,
        PrintedLog log,
        long seq,
        byte stream,
        string text,
        EntryFlags flags = EntryFlags.None,
        ulong aux = 0
    )
    {
        var bytes = Encoding.UTF8.GetBytes(text);
        var span = new WireSpan
        {
            Seq = seq,
            Count = 1,
            Length = (uint)bytes.Length,
            Run = 5,
            Stream = stream,
            Flags = flags,
            Aux = aux,
            Ord = (ulong)seq,
            Wall = Wall + (seq * 10_000),
        };
        printer.Write(log, 7, [span], bytes, _ => Guid.Empty);
    }
}
