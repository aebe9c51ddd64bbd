using Tspm.Protocol;
using Tspm.Protocol.Specs;

namespace Tspm.Cli.Commands;

/// <summary>Signals by name or number.</summary>
internal static class SignalNames
{
    private const int MaxSignal = 64;

    /// <summary>The names that have one.</summary>
    public static IReadOnlyCollection<string> All => SignalText.All;

    /// <summary>The number of a signal.</summary>
    /// <exception cref="CliException">There is no such signal.</exception>
    public static int Parse(string text)
    {
        if (SignalText.TryParse(text, out var number))
        {
            return number;
        }

        var name = text.ToUpperInvariant();
        name = name.StartsWith("SIG", StringComparison.Ordinal) ? name[3..] : name;
        var near = NearestNames.To(name, SignalText.All);
        throw new CliException(
            ExitCodes.Usage,
            $"\"{text}\" is not a signal: a name such as TERM, or 1 to {MaxSignal}",
            near.Count > 0
                ? $"did you mean {near[0]}?"
                : $"there are {string.Join(", ", SignalText.All)}"
        );
    }

    /// <summary>SIGTERM for 15; a number that has no name stays one.</summary>
    public static string NameOf(int number) =>
        SignalText.NameOf(number) is var name && char.IsAsciiLetter(name[0])
            ? $"SIG{name}"
            : $"signal {number}";

    /// <summary>The number of a signal's name without SIG; 0 if it is not known.</summary>
    public static int NumberOf(string? name) =>
        name is not null && SignalText.TryParse(name, out var number) ? number : 0;
}
