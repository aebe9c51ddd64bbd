using System.Globalization;

namespace Tspm.Protocol.Specs;

/// <summary>Signals by name, with or without SIG, or number.</summary>
public static class SignalText
{
    private const int MaxSignal = 64;

    private static readonly string[] Names =
    [
        "",
        "HUP",
        "INT",
        "QUIT",
        "ILL",
        "TRAP",
        "ABRT",
        "BUS",
        "FPE",
        "KILL",
        "USR1",
        "SEGV",
        "USR2",
        "PIPE",
        "ALRM",
        "TERM",
        "STKFLT",
        "CHLD",
        "CONT",
        "STOP",
        "TSTP",
        "TTIN",
        "TTOU",
        "URG",
        "XCPU",
        "XFSZ",
        "VTALRM",
        "PROF",
        "WINCH",
        "IO",
        "PWR",
        "SYS",
    ];

    /// <summary>The names, without SIG.</summary>
    public static IReadOnlyList<string> All { get; } = [.. Names.Skip(1)];

    /// <summary>Reads one.</summary>
    public static bool TryParse(string text, out int number)
    {
        if (int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out number))
        {
            return number is >= 1 and <= MaxSignal;
        }

        var name = text.ToUpperInvariant();
        name = name.StartsWith("SIG", StringComparison.Ordinal) ? name[3..] : name;
        number = Array.IndexOf(Names, name);
        return number > 0;
    }

    /// <summary>Its name without SIG; its number if it has none.</summary>
    public static string NameOf(int number) =>
        number > 0 && number < Names.Length
            ? Names[number]
            : number.ToString(CultureInfo.InvariantCulture);
}
