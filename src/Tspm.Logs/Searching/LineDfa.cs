using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Text.RegularExpressions;

namespace Tspm.Logs.Searching;

/// <summary>Which lines match one of some expressions: one look into a table for each byte, over many lines at once.</summary>
/// <remarks>
/// Made for ASCII: a line with another byte, or with a carriage return, which may belong to its end, is left to the
/// expressions themselves. States are made when they are met, at most <see cref="MaxStates"/>; a line that needs more is
/// left to them too. Any thread: the table only grows, and an entry is written after the state that it names.
/// </remarks>
internal sealed class LineDfa
{
    /// <summary>The most states that are made.</summary>
    public const int MaxStates = 1024;

    private const int Bytes = 256;
    private const int Ascii = 128;

    // What an entry of the table says; anything else is where the row of a state begins.
    private const int Unknown = 0;
    private const int Match = 1;
    private const int MatchAtEnd = 2;
    private const int Unsure = 3;
    private const int FirstRow = 4;

    private readonly ByteNfa _nfa;
    private readonly int[] _starts;
    private readonly byte[] _classes = new byte[Bytes];
    private readonly List<int> _examples = [];
    private readonly int _width;
    private readonly int[] _table;
    private readonly Lock _gate = new();

    // Guarded by _gate; a state's place in the list tells its row.
    private readonly List<State> _states = [];
    private readonly Dictionary<string, int> _known = new(StringComparer.Ordinal);

    private LineDfa(ByteNfa nfa, int[] starts)
    {
        _nfa = nfa;
        _starts = starts;
        Classify();
        _width = _examples.Count;
        _table = new int[(MaxStates + FirstRow) * _width];
        var first = Close(starts, isBegin: true, isEnd: false);
        MatchesAll = first.Contains(ByteNfa.Accept);
        Start = RowOf(first, isBegin: true);
    }

    /// <summary>True if every line matches, whatever is in it.</summary>
    private bool MatchesAll { get; }

    private int Start { get; }

    /// <summary>Makes one; null if an expression has what it does not know, or matches every line.</summary>
    public static LineDfa? TryMake(IReadOnlyList<Regex> expressions)
    {
        var nfa = new ByteNfa();
        var starts = new int[expressions.Count];
        for (var i = 0; i < starts.Length; i++)
        {
            if (!NfaReader.TryRead(expressions[i], nfa, out starts[i]))
            {
                return null;
            }
        }

        return starts.Length > 0 && new LineDfa(nfa, starts) is { MatchesAll: false } made
            ? made
            : null;
    }

    /// <summary>Whether a line matches.</summary>
    /// <param name="line">Without its end.</param>
    public LineVerdict Judge(ReadOnlySpan<byte> line)
    {
        var verdict = Find(line, out var start);
        return start == 0 ? verdict : LineVerdict.Unsure;
    }

    /// <summary>The first line among whole lines that matches, or of which that is not known.</summary>
    /// <param name="lines">Lines, each ended by a newline; the last may go without.</param>
    /// <param name="start">Where it begins.</param>
    public LineVerdict Find(ReadOnlySpan<byte> lines, out int start)
    {
        var row = Start;
        var end = Run(lines, ref row);
        var verdict =
            row is Match or MatchAtEnd ? LineVerdict.Yes
            : row == Unsure ? LineVerdict.Unsure
            : EndsWell(row) && !(end > 0 && lines[end - 1] == (byte)'\n') ? LineVerdict.Yes
            : LineVerdict.No;
        start = verdict == LineVerdict.No ? 0 : lines[..end].LastIndexOf((byte)'\n') + 1;
        return verdict;
    }

    /// <summary>Reads on until a line is decided or all is read.</summary>
    /// <remarks>The loop of a search: bench/lookback.py, "literals in every line".</remarks>
    private int Run(ReadOnlySpan<byte> bytes, ref int row)
    {
        ref var first = ref MemoryMarshal.GetReference(bytes);
        ref var table = ref MemoryMarshal.GetArrayDataReference(_table);
        ref var classes = ref MemoryMarshal.GetArrayDataReference(_classes);
        var here = row;
        var at = 0;
        for (; at < bytes.Length; at++)
        {
            int kind = Unsafe.Add(ref classes, (nint)Unsafe.Add(ref first, at));
            var next = Unsafe.Add(ref table, here + kind);
            if (next < FirstRow)
            {
                next = next == Unknown ? Make(here, kind) : next;
                if (next < FirstRow)
                {
                    here = next;
                    break;
                }
            }

            here = next;
        }

        row = here;
        return at;
    }

    private int Make(int row, int kind)
    {
        lock (_gate)
        {
            var state = _states[(row / _width) - FirstRow];
            var example = _examples[kind];
            int next;
            if (example >= Ascii || example == '\r')
            {
                next = Unsure;
            }
            else if (example == '\n')
            {
                next = state.EndsWell ? MatchAtEnd : Start;
            }
            else
            {
                var after = state
                    .Nodes.Where(node => IsTaken(_nfa.Nodes[node], example))
                    .Select(node => _nfa.Nodes[node].Next);
                var closed = Close(after.Concat(_starts), isBegin: false, isEnd: false);
                next = closed.Contains(ByteNfa.Accept) ? Match : RowOf(closed, isBegin: false);
            }

            // No room for another state: this line is somebody else's, the next one may be ours again.
            if (next == Unknown)
            {
                return Unsure;
            }

            Volatile.Write(ref _table[row + kind], next);
            return next;
        }
    }

    private static bool IsTaken(in Node node, int letter) =>
        node.Kind == NodeKind.Set && node.Set.Has(letter);

    private bool EndsWell(int row)
    {
        lock (_gate)
        {
            return _states[(row / _width) - FirstRow].EndsWell;
        }
    }

    /// <summary>The row of a state; unknown if there is no room for it.</summary>
    private int RowOf(SortedSet<int> nodes, bool isBegin)
    {
        var key = $"{isBegin} {string.Join(' ', nodes)}";
        if (_known.TryGetValue(key, out var row))
        {
            return row;
        }

        if (_states.Count == MaxStates)
        {
            return Unknown;
        }

        var ends = Close(nodes, isBegin, isEnd: true).Contains(ByteNfa.Accept);
        _states.Add(new State([.. nodes], ends));
        row = (_states.Count - 1 + FirstRow) * _width;
        _known.Add(key, row);
        return row;
    }

    /// <summary>All that is reached without a byte: what waits for one, and what waits for the end.</summary>
    private SortedSet<int> Close(IEnumerable<int> nodes, bool isBegin, bool isEnd)
    {
        var closed = new SortedSet<int>();
        var seen = new HashSet<int>();
        var open = new Stack<int>(nodes);
        while (open.TryPop(out var at))
        {
            if (!seen.Add(at))
            {
                continue;
            }

            var node = _nfa.Nodes[at];
            switch (node.Kind)
            {
                case NodeKind.Split:
                    open.Push(node.Next);
                    open.Push(node.Other);
                    break;
                case NodeKind.Begin when isBegin:
                case NodeKind.End when isEnd:
                    open.Push(node.Next);
                    break;
                case NodeKind.Begin:
                    break;
                default:
                    closed.Add(at);
                    break;
            }
        }

        return closed;
    }

    /// <summary>Bytes that no expression tells apart are one class.</summary>
    private void Classify()
    {
        var sets = _nfa.Nodes.Where(node => node.Kind == NodeKind.Set).Select(node => node.Set);
        var distinct = sets.Distinct().ToList();
        var classes = new Dictionary<string, byte>(StringComparer.Ordinal);
        for (var letter = 0; letter < Bytes; letter++)
        {
            var key =
                letter >= Ascii || letter == '\r' ? "unsure"
                : letter == '\n' ? "newline"
                : string.Concat(distinct.Select(set => set.Has(letter) ? '1' : '0'));
            if (!classes.TryGetValue(key, out var known))
            {
                known = (byte)classes.Count;
                classes.Add(key, known);
                _examples.Add(letter);
            }

            _classes[letter] = known;
        }
    }

    private sealed record State(int[] Nodes, bool EndsWell);
}

/// <summary>What is known of a line.</summary>
internal enum LineVerdict
{
    /// <summary>It does not match.</summary>
    No,

    /// <summary>It matches.</summary>
    Yes,

    /// <summary>Ask the expressions.</summary>
    Unsure,
}
