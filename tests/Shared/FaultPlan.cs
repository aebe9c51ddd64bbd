namespace Tspm.TestTools;

/// <summary>The faults of a proxy's connections, one after the other, by a seed.</summary>
internal sealed class FaultPlan
{
    // Enough for the hello, the first answers and the first entry: a client whose first connect fails is closed.
    private const int FirstCut = 8192;
    private readonly Random _random;
    private int _refusals;

    public FaultPlan(int seed) => _random = new Random(seed);

    /// <summary>The first connection's fault, if it is not left to the seed.</summary>
    public Fault? First { get; init; }

    /// <summary>Connections are cut: most while the daemon talks, some while the client does.</summary>
    public bool Cuts { get; init; }

    /// <summary>A cut comes after fewer bytes than 2 to the power of this: more than one frame, else none ever comes through.</summary>
    public int CutPower { get; init; } = 19;

    /// <summary>Every connection is cut after exactly so many bytes from the daemon; null if it is left to the seed.</summary>
    public int? CutEvery { get; init; }

    /// <summary>Writes are made in small pieces.</summary>
    public bool Chops { get; init; }

    /// <summary>After a cut up to so many connects are refused.</summary>
    public int MaxRefusals { get; init; }

    /// <summary>The fault of the next connection; asked for by one thread at a time, in order.</summary>
    /// <param name="number">Of the connection, from 0.</param>
    public Fault Next(int number)
    {
        var isFirst = number == 0;
        if (isFirst && First is not null)
        {
            return First;
        }

        if (_refusals > 0)
        {
            _refusals--;
            return new Fault(IsRefused: true);
        }

        _refusals = _random.Next(MaxRefusals + 1);
        if (CutEvery is { } every)
        {
            return new Fault(CutDownAfter: every);
        }

        var chop = Chops ? _random.Next() : (int?)null;
        if (!Cuts)
        {
            return new Fault(ChopSeed: chop);
        }

        // Small numbers as often as large ones: inside the hello, a header, an entry, and after many frames.
        var down = Below(CutPower) + (isFirst ? FirstCut : 0);
        var isUpToo = !isFirst && _random.Next(4) == 0;
        return new Fault(
            CutDownAfter: down,
            CutUpAfter: isUpToo ? Below(10) : long.MaxValue,
            ChopSeed: chop
        );
    }

    private long Below(int power) => (long)Math.Pow(2, _random.NextDouble() * power);
}
