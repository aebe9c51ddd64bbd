namespace Tspm.Cli.CommandLine;

/// <summary>One option of a command.</summary>
/// <param name="Names">All spellings, the long one that help shows first: "--tail", "-n".</param>
/// <param name="Value">What its value is called in help; null for a switch.</param>
/// <param name="Help">One line.</param>
/// <param name="IsValueOptional">A value only with "=": <c>--timestamps=iso</c>.</param>
/// <param name="IsRepeatable">It may be given several times.</param>
internal sealed record OptionSpec(
    IReadOnlyList<string> Names,
    string? Value,
    string Help,
    bool IsValueOptional = false,
    bool IsRepeatable = false
)
{
    /// <summary>How it is looked up: the first name without dashes.</summary>
    public string Key => Names[0].TrimStart('-');
}
