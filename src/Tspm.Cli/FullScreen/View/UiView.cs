using Tspm.Cli.FullScreen.Model;
using Tspm.Cli.FullScreen.Screen;
using Tspm.Cli.Rendering;
using Tspm.Protocol.Messages;

namespace Tspm.Cli.FullScreen.View;

/// <summary>From a state to a picture of the screen: pure.</summary>
internal static class UiView
{
    private const int SparkCells = 8;

    /// <summary>The picture; as large as the state says the terminal is.</summary>
    public static CellGrid Draw(UiState state)
    {
        var grid = new CellGrid(state.Width, state.Height);
        var plan = ScreenPlan.Of(state);
        if (plan.IsTooSmall)
        {
            grid.PutCut(
                0,
                0,
                $"needs {ScreenPlan.MinWidth}x{ScreenPlan.MinHeight}",
                CellStyle.Plain,
                grid.Width
            );
            return grid;
        }

        DrawFrame(grid, state, plan);
        if (state.HelpRow >= 0)
        {
            HelpView.Draw(grid, state, plan);
        }
        else
        {
            if (plan.ListWidth > 0)
            {
                ListPane.Draw(grid, state, plan);
            }

            if (plan.LogWidth > 0)
            {
                LogPane.Draw(grid, state, plan);
            }
        }

        LastLine.Draw(grid, state, plan);
        if (!state.Look.HasUnicode)
        {
            grid.Replace('…', '~');
        }

        return grid;
    }

    private static void DrawFrame(CellGrid grid, UiState state, ScreenPlan plan)
    {
        var lines = state.Look.HasUnicode ? "─│┌┐└┘├┤┬┴" : "-|++++++++";
        var style = CellStyle.Dim;
        var (right, bottom, middle) = (grid.Width - 1, grid.Height - 1, grid.Height - 3);
        foreach (var (y, left, end) in new[] { (0, 2, 3), (middle, 6, 7), (bottom, 4, 5) })
        {
            grid.Fill(0, y, grid.Width, lines[0], style);
            grid.Fill(0, y, 1, lines[left], style);
            grid.Fill(right, y, 1, lines[end], style);
        }

        for (var y = 1; y < bottom; y++)
        {
            if (y != middle)
            {
                grid.Fill(0, y, 1, lines[1], style);
                grid.Fill(right, y, 1, lines[1], style);
            }
        }

        if (plan is { ListWidth: > 0, LogWidth: > 0 })
        {
            var x = plan.LogLeft - 1;
            grid.Fill(x, 0, 1, lines[8], style);
            grid.Fill(x, middle, 1, lines[9], style);
            for (var y = plan.Top; y < middle; y++)
            {
                grid.Fill(x, y, 1, lines[1], style);
            }
        }

        DrawTitle(grid, state);
    }

    private static void DrawTitle(CellGrid grid, UiState state)
    {
        var load = LoadOf(state);
        var room = grid.Width - 4;
        var title = $" {TitleOf(state)} ";
        var loadWidth = CellWidth.Measure(load);
        if (load.Length > 0 && CellWidth.Measure(title) + loadWidth + 2 <= room)
        {
            grid.Put(grid.Width - 2 - loadWidth, 0, load, CellStyle.Plain);
        }

        var style = state.IsConnected ? CellStyle.Bold : CellStyle.Colored(1);
        grid.PutCut(1, 0, title, style, room);
    }

    private static string TitleOf(UiState state)
    {
        var dot = state.Look.HasUnicode ? "·" : "-";
        var counts = state
            .Processes.GroupBy(row => GroupOf(row.View.Status))
            .OrderBy(group => group.Key.Order)
            .Select(group => $"{group.Count()} {group.Key.Word}");
        var parts = new List<string> { "tspm" };
        if (!state.Processes.IsEmpty)
        {
            parts.Add(string.Join(' ', counts));
        }

        if (!state.IsConnected)
        {
            parts.Add("no daemon, retrying");
        }
        else if (state.Daemon is { } daemon)
        {
            parts.Add(
                $"daemon {daemon.Version} up {Durations.FormatSeconds(daemon.UptimeSeconds)}"
            );
        }

        if (state.Look.IsReadOnly)
        {
            parts.Add("read-only");
        }

        return string.Join($" {dot} ", parts);
    }

    private static (int Order, string Word) GroupOf(string status) =>
        status switch
        {
            ProcessStatuses.Running or ProcessStatuses.Ready => (0, "running"),
            ProcessStatuses.Backoff => (1, "backoff"),
            ProcessStatuses.Unhealthy => (2, "unhealthy"),
            ProcessStatuses.Failed => (3, "failed"),
            ProcessStatuses.Starting or ProcessStatuses.Waiting => (4, "starting"),
            ProcessStatuses.Stopping => (5, "stopping"),
            _ => (6, "stopped"),
        };

    private static string LoadOf(UiState state)
    {
        if (state.HostCpu.IsEmpty || state.HostMemory <= 0)
        {
            return "";
        }

        var cpu = state.HostCpu[^1];
        var spark = state.Look.HasUnicode
            ? $"{Sparkline.Draw(state.HostCpu, SparkCells, least: 100)} "
            : "";
        return double.IsNaN(cpu)
            ? ""
            : $" cpu {spark}{cpu:0}% mem {ByteSizes.Format(state.HostMemory)} ";
    }
}
