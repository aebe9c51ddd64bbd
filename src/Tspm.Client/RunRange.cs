using System.Globalization;
using Tspm.Protocol.Messages;

namespace Tspm.Client;

/// <summary>Which runs of a process: all, one by its number, or one counted back from the newest.</summary>
public readonly record struct RunRange
{
    private enum Form
    {
        All,
        Number,
        Back,
        Since,
        Before,
    }

    private Form Kind { get; init; }

    private uint Value { get; init; }

    /// <summary>All runs.</summary>
    public static RunRange All => default;

    /// <summary>The run before the newest.</summary>
    public static RunRange Previous => new() { Kind = Form.Back, Value = 1 };

    /// <summary>The newest run and all that follow.</summary>
    public static RunRange SinceCurrent => new() { Kind = Form.Since };

    /// <summary>All runs before the newest.</summary>
    public static RunRange BeforeCurrent => new() { Kind = Form.Before, Value = 1 };

    /// <summary>The newest run.</summary>
    public static RunRange Current => new() { Kind = Form.Back };

    /// <summary>Reads <c>all</c>, <c>current</c>, <c>previous</c>, a number, or −K for the K-th before the newest; false for anything else.</summary>
    public static bool TryParse(string text, out RunRange range)
    {
        range = text switch
        {
            "current" => Current,
            "previous" => Previous,
            _ => All,
        };
        if (text is "all" or "current" or "previous")
        {
            return true;
        }

        var isBack = text.StartsWith('-');
        var isNumber = uint.TryParse(
            isBack ? text.AsSpan(1) : text,
            NumberStyles.None,
            CultureInfo.InvariantCulture,
            out var value
        );
        range = new RunRange { Kind = isBack ? Form.Back : Form.Number, Value = value };
        return isNumber && (isBack || value > 0);
    }

    /// <summary>Whether a process has such a run.</summary>
    /// <param name="newest">Its newest run; 0 before the first.</param>
    public bool Has(uint newest) =>
        Kind == Form.All || (RunOf(newest) is var run && run >= 1 && run <= newest);

    /// <summary>A selection of these runs only.</summary>
    /// <param name="selection">What else is wanted.</param>
    /// <param name="newest">The newest run; 0 before the first.</param>
    /// <exception cref="TspmException">not-found: there is no such run.</exception>
    public LogSelection Narrow(LogSelection selection, uint newest)
    {
        ArgumentNullException.ThrowIfNull(selection);
        if (Kind == Form.All)
        {
            return selection;
        }

        var run = RunOf(newest);
        return Has(newest)
            ? selection with
            {
                FirstRun = Kind == Form.Before ? 0 : (uint)run,
                LastRun = Kind == Form.Since ? null : (uint)run,
            }
            : throw new TspmException(
                "not-found",
                newest == 0
                    ? "it has not run yet"
                    : $"there is no run {run}: runs are 1 to {newest}",
                newest == 0 ? null : "see: tspm describe NAME"
            );
    }

    private long RunOf(uint newest) => Kind == Form.Number ? Value : newest - (long)Value;
}
