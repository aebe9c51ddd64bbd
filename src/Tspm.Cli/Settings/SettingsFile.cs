namespace Tspm.Cli.Settings;

/// <summary>Reads <c>config.yaml</c>: lines of <c>key: value</c>, lists, quotes and comments; nothing else of YAML.</summary>
internal static class SettingsFile
{
    /// <summary>A larger file is refused.</summary>
    public const int MaxBytes = 64 * 1024;

    /// <summary>The file that the environment names; null if it names none.</summary>
    public static string? PathOf(Func<string, string?> environment) =>
        environment("XDG_CONFIG_HOME") is { Length: > 0 } config && Path.IsPathRooted(config)
            ? Path.Join(config, "tspm", "config.yaml")
        : environment("HOME") is { Length: > 0 } home && Path.IsPathRooted(home)
            ? Path.Join(home, ".config", "tspm", "config.yaml")
        : null;

    /// <summary>Reads the text of a file.</summary>
    /// <param name="text">The text.</param>
    /// <param name="path">Its name, for messages.</param>
    /// <exception cref="CliException">It is wrong; says at which line and column.</exception>
    public static IReadOnlyList<Setting> Parse(string text, string path)
    {
        var found = new List<Setting>();
        var number = 0;
        foreach (var raw in text.Split('\n'))
        {
            number++;
            var line = new SettingsLine(path, number, raw.TrimEnd('\r'));
            if (line.IsBlank)
            {
                continue;
            }

            if (line.IsItem)
            {
                if (found is not [.., { IsOpen: true } last])
                {
                    throw line.Wrong(line.Indent, "a list item without a key above it");
                }

                line.Skip(line.Indent + 1);
                last.Values.Add(line.TakeValue(inList: false));
                line.ExpectEnd();
                continue;
            }

            var setting = ReadSetting(line);
            if (found.FirstOrDefault(one => one.Key == setting.Key) is { } first)
            {
                throw line.Wrong(0, $"\"{setting.Key}\" stands in line {first.Line} already");
            }

            found.Add(setting);
        }

        return found;
    }

    private static Setting ReadSetting(SettingsLine line)
    {
        if (line.Indent > 0)
        {
            throw line.Wrong(line.Indent, "only lists may be indented here");
        }

        var key = line.TakeKey();
        var setting = new Setting(key, line.Number, [], IsOpen: line.IsAtEnd);
        if (setting.IsOpen)
        {
            return setting;
        }

        if (line.TryTake('['))
        {
            while (!line.TryTake(']'))
            {
                setting.Values.Add(line.TakeValue(inList: true));
                _ = line.TryTake(',');
            }
        }
        else
        {
            setting.Values.Add(line.TakeValue(inList: false));
        }

        line.ExpectEnd();
        return setting;
    }
}

/// <summary>One key with its values.</summary>
/// <param name="Key">The key.</param>
/// <param name="Line">Where it stands.</param>
/// <param name="Values">Its value, or those of its list.</param>
/// <param name="IsOpen">Nothing stood after the colon: a list may follow.</param>
internal sealed record Setting(string Key, int Line, List<string> Values, bool IsOpen);
