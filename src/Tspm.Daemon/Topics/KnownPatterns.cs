using Tspm.Logs;
using Tspm.Protocol.Messages;

namespace Tspm.Daemon.Topics;

/// <summary>The newest few patterns that readers asked for, as they were made: making one costs more than a page.</summary>
/// <remarks>Any thread. Full means the oldest goes.</remarks>
internal sealed class KnownPatterns
{
    private const int Most = 8;
    private readonly Lock _gate = new();

    // Guarded by _gate; the newest last.
    private readonly List<(LogSelection Selection, LinePattern Lines)> _known = [];

    /// <summary>The pattern of a selection, if it is known.</summary>
    public bool TryFind(LogSelection selection, out LinePattern? lines)
    {
        lock (_gate)
        {
            foreach (var (known, made) in _known)
            {
                if (
                    known.IgnoreCase == selection.IgnoreCase
                    && known.Grep.SequenceEqual(selection.Grep)
                    && known.Exclude.SequenceEqual(selection.Exclude)
                )
                {
                    lines = made;
                    return true;
                }
            }
        }

        lines = null;
        return false;
    }

    /// <summary>Keeps one.</summary>
    public void Add(LogSelection selection, LinePattern lines)
    {
        lock (_gate)
        {
            if (_known.Count == Most)
            {
                _known.RemoveAt(0);
            }

            _known.Add((selection, lines));
        }
    }
}
