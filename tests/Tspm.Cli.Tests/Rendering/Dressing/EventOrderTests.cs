using System.Buffers;
using System.Text;
using CsCheck;
using Tspm.Cli.Rendering;
using Tspm.Cli.Rendering.Dressing;

namespace Tspm.Cli.Tests.Rendering.Dressing;

/// <summary>Events of several lines stay together; no line is lost, none of one process overtakes another.</summary>
public sealed class EventOrderTests
{
    private static readonly PrintedLog[] Logs =
    [
        new(new LogIdentity(0, "default", "a", "0"), 0, []),
        new(new LogIdentity(1, "default", "b", "1"), 1, []),
        new(new LogIdentity(2, "default", "c", "2"), 2, []),
    ];

    [Fact]
    public void Lines_of_others_wait_for_the_end_of_an_event()
    {
        var shown = Run([
            (0, "x Error", 0),
            (1, "one", 1),
            (0, " at f", 2),
            (1, "two", 3),
            (0, " at g", 4),
            (0, "next", 5),
        ]);

        Assert.Equal(["a:x Error", "a: at f", "a: at g", "b:one", "b:two", "a:next"], shown);
    }

    [Fact]
    public void An_event_that_pauses_is_over()
    {
        var shown = Run([(0, "x Error", 0), (1, "one", 1), (1, "late", 100), (0, " at f", 101)]);

        Assert.Equal(["a:x Error", "b:one", "b:late", "a: at f"], shown);
    }

    [Fact]
    public void Ordinary_lines_keep_the_order_in_which_they_came()
    {
        var shown = Run([(0, "one", 0), (1, "two", 0), (0, "three", 0), (2, "four", 0)]);

        Assert.Equal(["a:one", "b:two", "a:three", "c:four"], shown);
    }

    [Fact]
    public void No_line_is_lost_and_each_process_keeps_its_order() =>
        Lines().Sample(lines => Keeps(lines, Run(lines)), iter: 5_000);

    [Fact]
    public void Events_without_a_pause_are_whole() =>
        Lines().Sample(lines => AreWhole(Run(lines)), iter: 5_000);

    [Fact]
    public void An_order_that_lets_everybody_pass_is_caught() =>
        Assert.ThrowsAny<Exception>(() =>
            Lines()
                .Sample(
                    lines => AreWhole(lines.Select(one => Text(one.Log, one.Line)).ToList()),
                    iter: 5_000
                )
        );

    // All within the patience, so a continuation never comes too late.
    private static Gen<(int Log, string Line, int Ms)[]> Lines() =>
        Gen.Select(
                Gen.Int[0, 2],
                Gen.OneOf(Gen.Const("word"), Gen.Const("x Error"), Gen.Const(" at f"))
            )
            .Array[0, 60]
            .Select(all =>
                all.Select((one, i) => (one.Item1, $"{one.Item2} {i}", i / 2)).ToArray()
            );

    private static List<string> Run((int Log, string Line, int Ms)[] lines)
    {
        var order = new EventOrder();
        var output = new ArrayBufferWriter<byte>();
        foreach (var (log, line, ms) in lines)
        {
            var bytes = Encoding.UTF8.GetBytes(line);
            var wall = TimeSpan.FromMilliseconds(ms).Ticks;
            order.Add(
                Logs[log],
                0,
                wall,
                TraceLines.KindOf(bytes),
                Encoding.UTF8.GetBytes(Text(log, line) + "\n"),
                output
            );
        }

        order.End(output);
        return
        [
            .. Encoding
                .UTF8.GetString(output.WrittenSpan)
                .Split('\n', StringSplitOptions.RemoveEmptyEntries),
        ];
    }

    private static string Text(int log, string line) => $"{"abc"[log]}:{line}";

    private static bool Keeps((int Log, string Line, int Ms)[] lines, List<string> shown) =>
        shown.Count == lines.Length
        && Enumerable
            .Range(0, 3)
            .All(log =>
                lines
                    .Where(one => one.Log == log)
                    .Select(one => Text(log, one.Line))
                    .SequenceEqual(shown.Where(text => text[0] == "abc"[log]))
            );

    // A continuation stands right under a line of its own process, unless that process had begun nothing.
    private static bool AreWhole(List<string> shown)
    {
        for (var i = 1; i < shown.Count; i++)
        {
            var before = shown.Take(i).LastOrDefault(text => text[0] == shown[i][0]);
            var goesOn = shown[i].Contains(" at f", StringComparison.Ordinal);
            var hasBegun = before is not null && !before.Contains("word", StringComparison.Ordinal);
            if (goesOn && hasBegun && shown[i - 1][0] != shown[i][0])
            {
                return false;
            }
        }

        return true;
    }
}
