namespace Tspm.Cli;

/// <summary>The entry point.</summary>
internal static class Program
{
    private static int Main(string[] args) => args.Length;
}
