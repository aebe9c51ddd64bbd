using Tspm.Cli.CommandLine;
using Tspm.Protocol;

namespace Tspm.Cli.Settings;

/// <summary>Gives a command line the defaults of the settings file. What stands on the command line wins.</summary>
internal static class SettingsDefaults
{
    private static readonly string[] Never = ["help", "version", "home"];

    /// <summary>The command line with the defaults; unchanged where there is no file.</summary>
    /// <exception cref="CliException">The file is wrong, or cannot be read.</exception>
    public static Invocation Apply(Invocation invocation, Func<string, string?> environment)
    {
        var path = SettingsFile.PathOf(environment);
        var isForPeople = invocation.Command is { Help.Length: > 0, UsesSettings: true };
        if (!isForPeople || path is null || !File.Exists(path))
        {
            return invocation;
        }

        return invocation.WithDefaults(Select(Read(path), path, invocation));
    }

    /// <summary>Reads and checks the file.</summary>
    /// <exception cref="CliException">It is wrong, or cannot be read.</exception>
    public static IReadOnlyList<Setting> Read(string path)
    {
        if (new FileInfo(path).Length > SettingsFile.MaxBytes)
        {
            throw new CliException(
                ExitCodes.Config,
                $"{path} is larger than {SettingsFile.MaxBytes} bytes"
            );
        }

        var settings = SettingsFile.Parse(File.ReadAllText(path), path);
        var known = AllOptions()
            .SelectMany(option => option.Names)
            .Where(name => name.StartsWith("--", StringComparison.Ordinal))
            .Select(name => name[2..])
            .Where(name => !Never.Contains(name))
            .Distinct(StringComparer.Ordinal)
            .ToList();
        foreach (var setting in settings.Where(one => !known.Contains(one.Key)))
        {
            var near = NearestNames.To(setting.Key, known);
            throw new CliException(
                ExitCodes.Config,
                $"{path}:{setting.Line}:1: no command has an option --{setting.Key} that can be set here",
                near.Count > 0
                    ? $"did you mean: {string.Join(", ", near)}?"
                    : "see: tspm help settings"
            );
        }

        return settings;
    }

    private static IEnumerable<(OptionSpec Option, string Value)> Select(
        IReadOnlyList<Setting> settings,
        string path,
        Invocation invocation
    )
    {
        foreach (var setting in settings)
        {
            var name = $"--{setting.Key}";
            var option = invocation
                .Command.Options.Concat(CommandTree.Global)
                .FirstOrDefault(one => one.Names.Contains(name));
            if (
                option is null
                || invocation.Has(option.Key)
                || invocation.Has(Opposite(option.Key))
            )
            {
                continue;
            }

            foreach (var value in ValuesOf(option, setting, path))
            {
                yield return (option, value);
            }
        }
    }

    private static List<string> ValuesOf(OptionSpec option, Setting setting, string path)
    {
        if (setting.Values.Count > 1 && !option.IsRepeatable)
        {
            throw new CliException(
                ExitCodes.Config,
                $"{path}:{setting.Line}:1: {setting.Key} takes one value"
            );
        }

        var isSwitch = option.Value is null || option.IsValueOptional;
        return setting.Values switch
        {
            ["true"] when isSwitch => [""],
            ["false"] when isSwitch => [],
            _ when option.Value is null => throw new CliException(
                ExitCodes.Config,
                $"{path}:{setting.Line}:1: {setting.Key} is true or false"
            ),
            var values => values,
        };
    }

    private static string Opposite(string key) =>
        key.StartsWith("no-", StringComparison.Ordinal) ? key[3..] : $"no-{key}";

    private static IEnumerable<OptionSpec> AllOptions() =>
        CommandTree
            .Commands.Concat(CommandTree.Commands.SelectMany(command => command.Subcommands))
            .Where(command => command.Help.Length > 0)
            .SelectMany(command => command.Options)
            .Concat(CommandTree.Global);
}
