namespace Tspm.Cli.Rendering.Dressing;

/// <summary>One condition of <c>--field</c>: <c>level=error</c>, <c>status!=200</c>.</summary>
/// <param name="Name">The field.</param>
/// <param name="Value">Its value; for the level in any spelling.</param>
/// <param name="IsEqual">False for <c>!=</c>.</param>
internal sealed record FieldTerm(string Name, string Value, bool IsEqual)
{
    /// <summary>Reads a condition.</summary>
    /// <exception cref="CliException">It is none.</exception>
    public static FieldTerm Parse(string text)
    {
        var equals = text.IndexOf('=');
        var isEqual = equals > 0 && text[equals - 1] != '!';
        var name = equals > 0 ? text[..(isEqual ? equals : equals - 1)] : "";
        return name.Length > 0
            ? new FieldTerm(name, text[(equals + 1)..], isEqual)
            : throw new CliException(
                ExitCodes.Usage,
                $"--field: \"{text}\" is not NAME=VALUE or NAME!=VALUE",
                "examples: --field level=error, --field status!=200"
            );
    }

    /// <summary>Whether a line has it. A line without the field has no value, and so is not equal.</summary>
    public bool Matches(LineFields fields)
    {
        var found = fields.Find(Name);
        var isLevel = LineFields.IsLevel(Name);
        var comparison = isLevel ? StringComparison.OrdinalIgnoreCase : StringComparison.Ordinal;
        var isSame =
            found is not null
            && (
                string.Equals(found, Value, comparison)
                || (isLevel && string.Equals(LineFields.LevelOf(found), Value, comparison))
            );
        return isSame == IsEqual;
    }
}
