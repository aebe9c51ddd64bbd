using System.Text;
using System.Text.RegularExpressions;
using Tspm.Cli.FullScreen.Keys;
using Tspm.Cli.FullScreen.Model;
using Tspm.Cli.FullScreen.Screen;
using Tspm.Cli.FullScreen.View;
using Tspm.Protocol.Batches;
using Tspm.Protocol.Messages;

namespace Tspm.Cli.Tests.FullScreen;

/// <summary>The view without a terminal and without a daemon: a naive store answers what the model asks for.</summary>
internal sealed class UiRig
{
    private const long Begin = 17_698_683_061_230_000; // 2026-01-31T14:05:06.123Z
    private readonly Dictionary<uint, List<LogLine>> _logs = [];
    private readonly Dictionary<uint, long> _oldest = [];
    private readonly Dictionary<uint, long> _listed = [];
    private readonly Dictionary<uint, ProcessView> _views = [];
    private readonly Queue<UiEffect> _asked = new();
    private ulong _ord;
    private long _now;

    public UiRig(int width, int height, UiLook? look = null)
    {
        State = new UiState
        {
            Look = look ?? new UiLook(),
            Width = width,
            Height = height,
        };
    }

    public UiState State { get; private set; }

    /// <summary>Effects that are not questions.</summary>
    public List<UiEffect> Done { get; } = [];

    /// <summary>Whether questions are answered at once.</summary>
    public bool Answers { get; set; } = true;

    public int Asked { get; private set; }

    public string Screen => UiView.Draw(State).ToText();

    public CellGrid Grid => UiView.Draw(State);

    public void AddProcess(uint id, string name, string status = "running")
    {
        _logs[id] = [];
        _oldest[id] = 1;
        _views[id] = new ProcessView
        {
            Id = id,
            Name = name,
            Ns = "default",
            Status = status,
            StatusText = status == "exited" ? "exited(1)" : status,
            Pid = status == "running" ? 4000 + (int)id : null,
            Run = 1,
            Command = ["x"],
            Cwd = "/",
            Restart = "never",
            CpuPercent = status == "running" ? 12.4 : null,
            MemoryBytes = status == "running" ? 84 * 1024 * 1024 : null,
        };
    }

    /// <summary>Prints lines; the view hears of it.</summary>
    public void Print(uint id, int count, Func<long, string> text, LineKind kind = LineKind.Out)
    {
        for (var i = 0; i < count; i++)
        {
            Print(id, text(_logs[id].Count + 1), kind);
        }

        Send(new HeadMoved(id, Head(id)));
    }

    public void Print(uint id, string text, LineKind kind = LineKind.Out, uint run = 1) =>
        _logs[id]
            .Add(
                new LogLine
                {
                    Id = id,
                    Seq = _logs[id].Count + 1,
                    LastSeq = _logs[id].Count + 1,
                    Ord = ++_ord,
                    Wall = Begin + (_logs[id].Count * 10_000_000L),
                    Run = run,
                    Kind = kind,
                    Text = Encoding.UTF8.GetBytes(text),
                }
            );

    /// <summary>Retention takes the oldest.</summary>
    public void Expire(uint id, long before) => _oldest[id] = before;

    public long Head(uint id) => _logs[id].Count;

    public void List()
    {
        _now += 1000;
        var samples = _views.Values.ToDictionary(view => view.Id, Sample);
        Send(
            new ListArrived(
                [
                    .. _views.Values.Select(view =>
                        view with
                        {
                            Log = new LogView($"log{view.Id}", 1, Head(view.Id), 0, 0, 0, ""),
                            Use = new SampleView { LinesPerSecond = samples[view.Id].Lines![^1] },
                        }
                    ),
                ],
                _now
            )
            {
                Samples = samples,
            }
        );
    }

    // As a daemon that is looked at once a second.
    private ProcessSamples Sample(ProcessView view)
    {
        var head = Head(view.Id);
        double? rate = _listed.TryGetValue(view.Id, out var before) ? head - before : null;
        _listed[view.Id] = head;
        return new ProcessSamples
        {
            Id = view.Id,
            Ns = view.Ns,
            Name = view.Name,
            Status = view.Status,
            StatusText = view.StatusText,
            Lines = [null, null, null, null, null, rate],
        };
    }

    public void Press(params string[] keys)
    {
        foreach (var key in keys)
        {
            Send(new KeyPressed(new UiKey(key == " " ? "Space" : key) { Text = TextOf(key) }));
        }
    }

    public void Type(string text)
    {
        foreach (var rune in text.EnumerateRunes())
        {
            Press(rune.ToString());
        }
    }

    public void Send(UiEvent told)
    {
        var effects = new List<UiEffect>();
        State = UiModel.Update(State, told, effects);
        foreach (var effect in effects)
        {
            if (effect is FetchPage or FetchPlace or Search)
            {
                Asked++;
                _asked.Enqueue(effect);
            }
            else
            {
                Done.Add(effect);
            }
        }

        if (Answers)
        {
            AnswerAll();
        }
    }

    /// <summary>Answers all questions, those that the answers lead to as well.</summary>
    public void AnswerAll()
    {
        for (var i = 0; i < 10_000 && _asked.TryDequeue(out var effect); i++)
        {
            var answer = effect switch
            {
                FetchPage fetch => new PageArrived(fetch.Generation, fetch.Kind, Page(fetch)),
                FetchPlace place => Place(place),
                _ => (UiEvent)Find((Search)effect),
            };
            var effects = new List<UiEffect>();
            State = UiModel.Update(State, answer, effects);
            Asked += effects.Count;
            effects.ForEach(_asked.Enqueue);
        }

        Assert.Empty(_asked);
    }

    private static string TextOf(string key) =>
        key is " " ? " "
        : key.EnumerateRunes().Count() == 1 ? key
        : "";

    private LoadedPage Page(FetchPage fetch) =>
        Page(fetch.Log.Id, fetch.From, fetch.To, fetch.Count, fetch.Selection);

    private LoadedPage Page(uint id, long? from, long? to, int count, LogSelection selection)
    {
        var last = Math.Min(to ?? Head(id), Head(id));
        var oldest = _oldest[id];
        if (from is { } first)
        {
            var lines = new List<LogLine>();
            var upTo = first - 1;
            if (first < oldest)
            {
                lines.Add(Gap(id, first, oldest - 1));
                upTo = oldest - 1;
            }

            var wanted = 0;
            while (upTo < last && wanted < count)
            {
                var line = _logs[id][(int)upTo++];
                if (IsWanted(line, selection))
                {
                    lines.Add(line);
                    wanted++;
                }
            }

            return new LoadedPage(id, $"log{id}", 1, -1, first - 1, upTo, Head(id), oldest, lines);
        }

        var found = new List<LogLine>();
        var after = last;
        while (after >= oldest && found.Count < count)
        {
            var line = _logs[id][(int)--after];
            if (IsWanted(line, selection))
            {
                found.Insert(0, line);
            }
        }

        return new LoadedPage(id, $"log{id}", 1, -1, after, last, Head(id), oldest, found);
    }

    private PlaceArrived Place(FetchPlace place)
    {
        var slices = new Dictionary<uint, LogSlice>();
        foreach (var log in place.Logs)
        {
            var seq =
                place.Target.Seq == 0 ? 0
                : log.Id == place.Target.Id ? place.Target.Seq
                : _logs[log.Id].Count(line => line.Wall < place.Wall);
            var slice = LogSlice.Of(
                seq < 1
                    ? Page(log.Id, 1, null, 400, place.Selection)
                    : Page(log.Id, null, seq, 400, place.Selection)
            );
            slices[log.Id] =
                seq < 1 || slice.ReachesHead
                    ? slice
                    : slice.Append(Page(log.Id, slice.UpTo + 1, null, 400, place.Selection));
        }

        return new PlaceArrived(place.Generation, slices, place.Target);
    }

    private SearchEnded Find(Search search)
    {
        var found = search
            .Places.SelectMany(place =>
                _logs[place.Log.Id]
                    .Where(line =>
                        line.Seq >= _oldest[line.Id]
                        && IsWanted(line, search.Selection)
                        && (search.IsForward ? line.Seq > place.Seq : line.Seq <= place.Seq)
                        && (
                            search.Kind != SearchKind.Run
                            || line.Run == (search.IsForward ? place.Run + 1 : place.Run - 1)
                        )
                    )
            )
            .OrderBy(line => search.IsForward ? (long)line.Ord : -(long)line.Ord);
        return new SearchEnded(search.Generation, found.FirstOrDefault(), "match");
    }

    private static LogLine Gap(uint id, long from, long to) =>
        new()
        {
            Id = id,
            Seq = from,
            LastSeq = to,
            Ord = 0,
            Kind = LineKind.Gap,
            Reason = GapReason.Expired,
        };

    private static bool IsWanted(LogLine line, LogSelection selection)
    {
        var stream = line.Kind switch
        {
            LineKind.Out => "out",
            LineKind.Err => "err",
            _ => "event",
        };
        var text = Encoding.UTF8.GetString(line.Text.Span);
        var options = selection.IgnoreCase ? RegexOptions.IgnoreCase : RegexOptions.None;
        return (selection.Streams.Count == 0 || selection.Streams.Contains(stream))
            && (
                stream == "event"
                || (
                    (
                        selection.Grep.Count == 0
                        || selection.Grep.Any(one => Regex.IsMatch(text, one, options))
                    ) && !selection.Exclude.Any(one => Regex.IsMatch(text, one, options))
                )
            );
    }
}
