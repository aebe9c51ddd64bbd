using System.Globalization;

namespace Tspm.Compare;

/// <summary>Options of the form --name value.</summary>
internal sealed class Arguments(string[] args)
{
    public string Text(string name, string fallback = "") =>
        Array.IndexOf(args, "--" + name) is var at and > 0 && at + 1 < args.Length
            ? args[at + 1]
            : fallback;

    public int Number(string name, int fallback) =>
        Text(name) is { Length: > 0 } text
            ? int.Parse(text, CultureInfo.InvariantCulture)
            : fallback;
}
