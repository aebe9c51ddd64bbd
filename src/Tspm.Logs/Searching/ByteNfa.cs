namespace Tspm.Logs.Searching;

/// <summary>An expression as states over ASCII bytes (Thompson); built by <see cref="NfaReader"/>, run by <see cref="LineDfa"/>.</summary>
/// <remarks>One owner while it is built; then it does not change.</remarks>
internal sealed class ByteNfa
{
    /// <summary>More states are not worth it: repetition of repetition grows without end.</summary>
    public const int MaxNodes = 1024;

    private readonly List<Node> _nodes = [];

    /// <summary>The state at which a line matches.</summary>
    public const int Accept = 0;

    /// <summary>Makes one that has the end alone.</summary>
    public ByteNfa() => _nodes.Add(new Node(NodeKind.Accept, default, -1, -1));

    /// <summary>Its states.</summary>
    public IReadOnlyList<Node> Nodes => _nodes;

    /// <summary>True if it has grown too large to be used.</summary>
    public bool IsTooLarge => _nodes.Count > MaxNodes;

    /// <summary>A state that takes one of some bytes and goes on.</summary>
    public int AddSet(ByteSet set, int next) => Add(new Node(NodeKind.Set, set, next, -1));

    /// <summary>A state that goes on here or there.</summary>
    public int AddSplit(int one, int other) => Add(new Node(NodeKind.Split, default, one, other));

    /// <summary>A state that is passed at the begin or the end of a line alone.</summary>
    public int AddAnchor(NodeKind kind, int next) => Add(new Node(kind, default, next, -1));

    /// <summary>Gives a split its second way, once it is known.</summary>
    public void SetOther(int split, int other) =>
        _nodes[split] = _nodes[split] with { Other = other };

    private int Add(Node node)
    {
        _nodes.Add(node);
        return _nodes.Count - 1;
    }
}

/// <summary>A state.</summary>
/// <param name="Kind">What it does.</param>
/// <param name="Set">The bytes that it takes.</param>
/// <param name="Next">Where it goes on.</param>
/// <param name="Other">Where it goes on too.</param>
internal readonly record struct Node(NodeKind Kind, ByteSet Set, int Next, int Other);

/// <summary>What a state does.</summary>
internal enum NodeKind
{
    /// <summary>The line matches.</summary>
    Accept,

    /// <summary>Takes one byte.</summary>
    Set,

    /// <summary>Goes on in two ways.</summary>
    Split,

    /// <summary>Goes on at the begin of a line.</summary>
    Begin,

    /// <summary>Goes on at the end of a line.</summary>
    End,
}

/// <summary>A set of ASCII bytes.</summary>
/// <param name="Low">Bytes 0 to 63, one bit each.</param>
/// <param name="High">Bytes 64 to 127.</param>
internal readonly record struct ByteSet(ulong Low, ulong High)
{
    private const int HalfBits = 64;

    /// <summary>All but the newline, which never stands in a line.</summary>
    public static ByteSet Any => new ByteSet(0, 0).Inverse();

    /// <summary>One byte.</summary>
    public static ByteSet Of(char letter) => Range(letter, letter);

    /// <summary>A range of them.</summary>
    public static ByteSet Range(char from, char to)
    {
        var (low, high) = (0ul, 0ul);
        for (int letter = from; letter <= to; letter++)
        {
            low |= letter < HalfBits ? 1ul << letter : 0;
            high |= letter >= HalfBits ? 1ul << (letter - HalfBits) : 0;
        }

        return new ByteSet(low, high);
    }

    /// <summary>Whether a byte is in it.</summary>
    public bool Has(int letter) =>
        letter < HalfBits ? (Low >> letter & 1) != 0 : (High >> (letter - HalfBits) & 1) != 0;

    /// <summary>Both.</summary>
    public ByteSet With(ByteSet other) => new(Low | other.Low, High | other.High);

    /// <summary>All others, without the newline.</summary>
    public ByteSet Inverse() => new ByteSet(~Low, ~High).Minus(Of('\n'));

    /// <summary>With letters in either case.</summary>
    public ByteSet Folded()
    {
        const ulong upper = 0x07FF_FFFE;
        const int caseBit = 32;
        return this with { High = High | (High & upper) << caseBit | (High >> caseBit & upper) };
    }

    private ByteSet Minus(ByteSet other) => new(Low & ~other.Low, High & ~other.High);
}
