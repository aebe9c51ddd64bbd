namespace Tspm.Cli.FullScreen.Keys;

/// <summary>What somebody did at the terminal.</summary>
/// <param name="Name">The key as help writes it: <c>a</c>, <c>Enter</c>, <c>PgUp</c>, <c>Ctrl+D</c>; <c>Paste</c>, <c>Click</c>, <c>WheelUp</c>, <c>WheelDown</c>.</param>
internal sealed record UiKey(string Name)
{
    /// <summary>Text that was typed or pasted; empty for keys that type none.</summary>
    public string Text { get; init; } = "";

    /// <summary>The mouse's column, from 0.</summary>
    public int X { get; init; }

    /// <summary>The mouse's row, from 0.</summary>
    public int Y { get; init; }
}
