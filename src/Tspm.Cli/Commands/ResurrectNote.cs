namespace Tspm.Cli.Commands;

/// <summary>What is said of programs that ran when the machine or tspm ended.</summary>
internal static class ResurrectNote
{
    /// <summary>One line.</summary>
    public static string Of(int count) =>
        count == 1
            ? "1 program ran when tspm or the machine ended; to start it again: tspm resurrect"
            : $"{count} programs ran when tspm or the machine ended; to start them again: tspm resurrect";
}
