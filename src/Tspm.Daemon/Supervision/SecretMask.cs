using System.Globalization;
using System.Text.RegularExpressions;

namespace Tspm.Daemon.Supervision;

/// <summary>Hides values that look like secrets wherever an environment is shown (security rules of the project).</summary>
internal static partial class SecretMask
{
    private const int Step = 8;

    // The shell's working directories end like a password's name and are none.
    private static readonly HashSet<string> PlainNames = ["PWD", "OLDPWD"];

    /// <summary>NAME=value with the value hidden if the name or the value gives it away.</summary>
    public static string Mask(string variable)
    {
        var equals = variable.IndexOf('=');
        if (equals < 0)
        {
            return variable;
        }

        var value = variable[(equals + 1)..];
        var name = variable[..equals];
        var isSecret =
            value.Length > 0
            && !PlainNames.Contains(name)
            && (IsSecretName(name) || IsSecretValue(value));
        return isSecret ? $"{name}={Hide(value)}" : variable;
    }

    /// <summary>What stands for a secret; the length is rounded up, so that it tells little.</summary>
    public static string Hide(string value)
    {
        var length = (value.Length + Step - 1) / Step * Step;
        return string.Create(CultureInfo.InvariantCulture, $"••••({length})");
    }

    /// <summary>Whether what is called so is a secret.</summary>
    public static bool IsSecretName(string name) =>
        !PlainNames.Contains(name) && SecretName().IsMatch(name);

    /// <summary>Whether a value gives itself away.</summary>
    public static bool IsSecretValue(string value) => SecretValue().IsMatch(value);

    [GeneratedRegex(
        "(^|_)([A-Z0-9]*PASS(WORD|WD|PHRASE)|PASS|[A-Z0-9]*PWD|SSHPASS|[A-Z0-9]*SECRETS?|[A-Z0-9]*TOKENS?|API_?KEYS?|PRIVATE_?KEYS?|ACCESS_?KEYS?|CREDENTIALS?|AUTH|COOKIES?|SESSION|DSN|CONN(ECTION)?_?STR(ING)?|DATABASE_URL)(_|$)",
        RegexOptions.IgnoreCase | RegexOptions.NonBacktracking
    )]
    private static partial Regex SecretName();

    [GeneratedRegex(
        "^[A-Za-z][A-Za-z0-9+.-]*://[^/@: ]*:[^@ ]+@|^eyJ[A-Za-z0-9_-]+\\.eyJ|-----BEGIN |^(gh[oprsu]|glpat|sk|pk|rk|xox[abeprs]|npm|pypi)[_-][A-Za-z0-9]|^github_pat_[A-Za-z0-9]|^(AKIA|ASIA)[A-Z0-9]{12}|^AIza[A-Za-z0-9_-]{20}",
        RegexOptions.NonBacktracking
    )]
    private static partial Regex SecretValue();
}
