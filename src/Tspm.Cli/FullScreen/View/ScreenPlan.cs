using Tspm.Cli.FullScreen.Model;

namespace Tspm.Cli.FullScreen.View;

/// <summary>Which part of the screen is what.</summary>
/// <param name="IsTooSmall">There is room for one line of words only.</param>
/// <param name="ListLeft">First column of the list.</param>
/// <param name="ListWidth">Columns of the list; 0 if it is not shown.</param>
/// <param name="LogLeft">First column of the log.</param>
/// <param name="LogWidth">Columns of the log; 0 if it is not shown.</param>
/// <param name="Top">First row of both; the log has its title there.</param>
/// <param name="Rows">Rows of both.</param>
internal readonly record struct ScreenPlan(
    bool IsTooSmall,
    int ListLeft,
    int ListWidth,
    int LogLeft,
    int LogWidth,
    int Top,
    int Rows
)
{
    /// <summary>The narrowest screen that has panes.</summary>
    public const int MinWidth = 24;

    /// <summary>The lowest screen that has panes.</summary>
    public const int MinHeight = 6;

    private const int TwoPanes = 80;
    private const int MinList = 30;
    private const int MaxList = 52;

    /// <summary>Rows of the log pane below its title.</summary>
    public int LogRows => Math.Max(1, Rows - 1);

    /// <summary>The plan of a screen.</summary>
    public static ScreenPlan Of(UiState state) => Of(state.Width, state.Height, state.IsLogFocused);

    /// <summary>The plan of a screen of this size.</summary>
    public static ScreenPlan Of(int width, int height, bool isLogFocused)
    {
        if (width < MinWidth || height < MinHeight)
        {
            return new ScreenPlan(true, 0, 0, 0, 0, 0, 1);
        }

        var rows = height - 4;
        if (width < TwoPanes)
        {
            return isLogFocused
                ? new ScreenPlan(false, 1, 0, 1, width - 2, 1, rows)
                : new ScreenPlan(false, 1, width - 2, 1, 0, 1, rows);
        }

        var list = Math.Clamp((width - 3) * 2 / 5, MinList, MaxList);
        return new ScreenPlan(false, 1, list, list + 2, width - list - 3, 1, rows);
    }
}
