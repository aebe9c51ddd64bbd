using System.Collections.Immutable;
using Tspm.Cli.FullScreen.Keys;
using Tspm.Cli.FullScreen.Model;

namespace Tspm.Cli.FullScreen.Top;

/// <summary>All that the table of <c>top</c> is; never changed, each event makes another one.</summary>
internal sealed record TopState
{
    /// <summary>What it can be sorted by, with the keys for it.</summary>
    public static IReadOnlyList<(string Key, string Column)> Orders { get; } =
    [
        ("i", "id"),
        ("n", "name"),
        ("c", "cpu"),
        ("m", "mem"),
        ("l", "log"),
        ("u", "uptime"),
        ("r", "restarts"),
    ];

    /// <summary>Cells in a row.</summary>
    public int Width { get; init; } = 80;

    /// <summary>Rows.</summary>
    public int Height { get; init; } = 24;

    /// <summary>Whether the terminal shows more than ASCII.</summary>
    public bool HasUnicode { get; init; } = true;

    /// <summary>The processes, by id.</summary>
    public ImmutableArray<ProcessRow> Processes { get; init; } = [];

    /// <summary>Processors of the machine's load, the newest last.</summary>
    public ImmutableArray<double> HostCpu { get; init; } = [];

    /// <summary>The machine's memory in use.</summary>
    public long HostMemory { get; init; }

    /// <summary>The column it is sorted by.</summary>
    public string Order { get; init; } = "cpu";

    /// <summary>The other way round.</summary>
    public bool IsTurned { get; init; }

    /// <summary>Only names with this text; empty for all.</summary>
    public string Filter { get; init; } = "";

    /// <summary>Whether the filter is being typed.</summary>
    public bool IsTyping { get; init; }

    /// <summary>The first row shown.</summary>
    public int First { get; init; }

    /// <summary>Whether there is a connection.</summary>
    public bool IsConnected { get; init; } = true;

    /// <summary>Whether the user has seen enough.</summary>
    public bool IsOver { get; init; }

    /// <summary>The rows that are shown, in their order.</summary>
    public IReadOnlyList<ProcessRow> Rows
    {
        get
        {
            var rows = Processes
                .Where(row =>
                    $"{row.View.Ns}/{row.View.Name}".Contains(
                        Filter,
                        StringComparison.OrdinalIgnoreCase
                    )
                )
                .ToList();
            var sorted = Order is "name"
                ? rows.OrderBy(row => row.View.Name, StringComparer.Ordinal).ToList()
                : [.. rows.OrderByDescending(RankOf).ThenBy(row => row.View.Id)];
            if (Order == "id")
            {
                sorted = [.. rows.OrderBy(row => row.View.Id)];
            }

            if (IsTurned)
            {
                sorted.Reverse();
            }

            return sorted;
        }
    }

    /// <summary>The next state.</summary>
    public TopState After(UiEvent told) =>
        told switch
        {
            Resized size => this with
            {
                Width = Math.Max(1, size.Width),
                Height = Math.Max(1, size.Height),
            },
            ListArrived list => WithList(list) with { IsConnected = true },
            HostTold host => this with
            {
                HostCpu =
                    HostCpu.Length < 60
                        ? HostCpu.Add(host.CpuPercent)
                        : HostCpu.RemoveAt(0).Add(host.CpuPercent),
                HostMemory = host.UsedBytes,
            },
            ConnectionMoved moved => this with { IsConnected = moved.IsUp },
            KeyPressed pressed => IsTyping ? Typed(pressed.Key) : Pressed(pressed.Key),
            _ => this,
        };

    private TopState WithList(ListArrived list)
    {
        var known = Processes.ToDictionary(row => row.View.Id);
        return this with
        {
            Processes =
            [
                .. list
                    .Processes.OrderBy(view => view.Id)
                    .Select(view =>
                        known.TryGetValue(view.Id, out var before)
                            ? before.Next(view, list)
                            : ProcessRow.First(view, list)
                    ),
            ],
        };
    }

    private TopState Typed(UiKey key) =>
        key.Name switch
        {
            "Enter" => this with { IsTyping = false },
            "Esc" or "Ctrl+C" => this with { IsTyping = false, Filter = "" },
            "Ctrl+U" => this with { Filter = "" },
            "Backspace" => this with { Filter = Filter.Length > 0 ? Filter[..^1] : "" },
            _ when key.Text.Length > 0 && Filter.Length + key.Text.Length < 100 => this with
            {
                Filter = Filter + key.Text,
            },
            _ => this,
        };

    private TopState Pressed(UiKey key)
    {
        var order = Orders.FirstOrDefault(one => one.Key == key.Name).Column;
        if (order is not null)
        {
            return this with { Order = order, IsTurned = order == Order && !IsTurned, First = 0 };
        }

        return key.Name switch
        {
            "q" or "Esc" => this with { IsOver = true },
            "/" => this with { IsTyping = true, First = 0 },
            "\\" => this with { Filter = "" },
            "Down" or "j" or "WheelDown" => Scrolled(1),
            "Up" or "k" or "WheelUp" => Scrolled(-1),
            "PgDn" => Scrolled(Height - 4),
            "PgUp" => Scrolled(4 - Height),
            _ => this,
        };
    }

    private TopState Scrolled(int rows) =>
        this with
        {
            First = Math.Clamp(First + rows, 0, Math.Max(0, Rows.Count - (Height - 3))),
        };

    private double RankOf(ProcessRow row) =>
        Order switch
        {
            "cpu" => row.View.CpuPercent ?? -1,
            "mem" => row.View.MemoryBytes ?? -1,
            "log" => double.IsNaN(row.Rate) ? -1 : row.Rate,
            "uptime" => row.View.UptimeSeconds ?? -1,
            _ => row.View.Restarts,
        };
}
