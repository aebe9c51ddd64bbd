using System.Globalization;
using System.Text;

namespace Tspm.Cli.Rendering.Dressing;

/// <summary>Leaves of a stack trace its first lines and the number of the others.</summary>
internal sealed class TraceFold
{
    /// <summary>Lines of a trace that are shown.</summary>
    public const int Shown = 2;

    private byte[] _head = [];
    private int _lines;

    /// <summary>Whether a line is shown; if not, it is counted.</summary>
    public bool Shows(LineKind kind, ReadOnlySpan<byte> head)
    {
        if (kind != LineKind.Continues)
        {
            _lines = 0;
            return true;
        }

        _lines++;
        if (_lines == Shown + 1)
        {
            _head = head.ToArray();
        }

        return _lines <= Shown;
    }

    /// <summary>The row that stands for the lines left out since; null if there were none.</summary>
    public byte[]? TakeRest()
    {
        var rest = _lines - Shown;
        _lines = rest > 0 ? Shown : _lines;
        if (rest <= 0)
        {
            return null;
        }

        var words = rest == 1 ? "more line" : "more lines";
        return
        [
            .. _head,
            .. Encoding.UTF8.GetBytes(
                string.Create(CultureInfo.InvariantCulture, $"    … {rest} {words}")
            ),
        ];
    }
}
