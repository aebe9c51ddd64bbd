using System.Globalization;
using System.Text.RegularExpressions;

namespace Tspm.Daemon.Supervision;

/// <summary>Hides values that look like secrets wherever an environment is shown (security rules of the project).</summary>
internal static partial class SecretMask
{
    private const int Step = 8;

    /// <summary>NAME=value with the value hidden if the name or the value gives it away.</summary>
    public static string Mask(string variable)
    {
        var equals = variable.IndexOf('=');
        if (equals < 0)
        {
            return variable;
        }

        var value = variable[(equals + 1)..];
        var isSecret =
            value.Length > 0
            && (SecretName().IsMatch(variable[..equals]) || SecretValue().IsMatch(value));
        if (!isSecret)
        {
            return variable;
        }

        // Rounded up, so that the length tells little.
        var length = (value.Length + Step - 1) / Step * Step;
        return string.Create(CultureInfo.InvariantCulture, $"{variable[..equals]}=••••({length})");
    }

    [GeneratedRegex(
        "(^|_)(PASS(WORD|WD|PHRASE)?|SECRET|TOKEN|API_?KEY|PRIVATE_?KEY|ACCESS_?KEY|CREDENTIALS?|AUTH|COOKIE|SESSION|DSN|CONN(ECTION)?_?STR(ING)?|DATABASE_URL)(_|$)",
        RegexOptions.IgnoreCase | RegexOptions.NonBacktracking
    )]
    private static partial Regex SecretName();

    [GeneratedRegex(
        "^[a-z][a-z0-9+.-]*://[^/@ ]*:[^/@ ]+@|^eyJ[A-Za-z0-9_-]+\\.eyJ|-----BEGIN |^(ghp|gho|ghs|sk|pk|xox[abp])[_-][A-Za-z0-9]",
        RegexOptions.NonBacktracking
    )]
    private static partial Regex SecretValue();
}
