using System.Globalization;
using Tspm.Protocol;

namespace Tspm.Cli.Commands;

/// <summary>Signals by name or number.</summary>
internal static class SignalNames
{
    private const int MaxSignal = 64;

    private static readonly Dictionary<string, int> Numbers = new(StringComparer.Ordinal)
    {
        ["HUP"] = 1,
        ["INT"] = 2,
        ["QUIT"] = 3,
        ["ABRT"] = 6,
        ["KILL"] = 9,
        ["USR1"] = 10,
        ["SEGV"] = 11,
        ["USR2"] = 12,
        ["PIPE"] = 13,
        ["ALRM"] = 14,
        ["TERM"] = 15,
        ["CHLD"] = 17,
        ["CONT"] = 18,
        ["STOP"] = 19,
        ["TSTP"] = 20,
        ["TTIN"] = 21,
        ["TTOU"] = 22,
        ["WINCH"] = 28,
    };

    /// <summary>The names that have one.</summary>
    public static IReadOnlyCollection<string> All => Numbers.Keys;

    /// <summary>The number of a signal.</summary>
    /// <exception cref="CliException">There is no such signal.</exception>
    public static int Parse(string text)
    {
        if (
            int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number)
            && number is >= 1 and <= MaxSignal
        )
        {
            return number;
        }

        var name = text.ToUpperInvariant();
        name = name.StartsWith("SIG", StringComparison.Ordinal) ? name[3..] : name;
        if (Numbers.TryGetValue(name, out number))
        {
            return number;
        }

        var near = NearestNames.To(name, Numbers.Keys);
        throw new CliException(
            ExitCodes.Usage,
            $"\"{text}\" is not a signal: a name such as TERM, or 1 to {MaxSignal}",
            near.Count > 0 ? $"did you mean {near[0]}?" : null
        );
    }

    /// <summary>SIGTERM for 15; a number that has no name stays one.</summary>
    public static string NameOf(int number)
    {
        var name = Numbers.FirstOrDefault(pair => pair.Value == number).Key;
        return name is null ? $"signal {number}" : $"SIG{name}";
    }

    /// <summary>The number of a signal's name without SIG; 0 if it is not known.</summary>
    public static int NumberOf(string? name) =>
        name is null ? 0
        : Numbers.TryGetValue(name, out var number) ? number
        : int.TryParse(name, NumberStyles.None, CultureInfo.InvariantCulture, out number) ? number
        : 0;
}
