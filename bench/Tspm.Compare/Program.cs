namespace Tspm.Compare;

/// <summary>Writes numbered lines, checks them on the other side, and compares tspm with its peers in one alternating run.</summary>
internal static class Program
{
    private const string Usage = """
        compare write --lines N [--size 100] [--block 65536|0] [--interval-us 0] --gate FILE --report FILE
        compare read --lines N [--size 100] --seen FILE --report FILE
        compare run --tspm FILE [--pm2 FILE] [--runs 5] [--only ROW,ROW] [--out FOLDER]
        """;

    private static int Main(string[] args)
    {
        switch (args)
        {
            case ["hello"]:
                return 0;
            case ["write", ..]:
                LineWriter.Run(new Arguments(args));
                return 0;
            case ["read", ..]:
                return LineReader.Run(new Arguments(args));
            case ["run", ..]:
                new Comparison(new Arguments(args)).Run();
                return 0;
            default:
                Console.Error.WriteLine(Usage);
                return 2;
        }
    }
}
