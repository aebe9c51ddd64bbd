namespace Tspm.Daemon.Watch;

/// <summary>The rules of one directory, on top of those of the directories above it; immutable.</summary>
/// <param name="Below">The layer that is asked when this one says nothing; null for none.</param>
/// <param name="Directory">The directory, absolute, without a slash at the end.</param>
/// <param name="Rules">Its rules, in order.</param>
internal sealed record IgnoreLayer(
    IgnoreLayer? Below,
    string Directory,
    IReadOnlyList<IgnoreRule> Rules
)
{
    /// <summary>The name of the file with a directory's rules.</summary>
    public const string FileName = ".gitignore";

    private const int MaxFileBytes = 1024 * 1024;

    /// <summary>What nobody edits to have a program restarted.</summary>
    private static readonly string[] Usual =
    [
        ".git",
        ".hg",
        ".svn",
        "node_modules",
        "__pycache__",
        ".DS_Store",
        "*~",
        ".#*",
        "*.sw[opx]",
        "4913",
    ];

    /// <summary>The layers of a directory that is watched: the usual, those of git from the top of its work tree on, and one's own.</summary>
    /// <param name="root">The directory.</param>
    /// <param name="own">A person's patterns; they are asked first.</param>
    /// <param name="usesGit">The .gitignore files hold.</param>
    public static IgnoreLayers Of(string root, IReadOnlyList<string> own, bool usesGit)
    {
        var layer = new IgnoreLayer(null, root, ParseAll(Usual));
        if (usesGit && FindTop(root) is { } top)
        {
            layer = Read(layer, top, Path.Join(top, ".git", "info", "exclude"));
            var parts = Path.GetRelativePath(top, root).Split('/');
            var at = top;
            for (var i = 0; i < parts.Length && at != root; i++)
            {
                layer = layer.With(at);
                at = Path.Join(at, parts[i]);
            }
        }

        return new IgnoreLayers(layer, new IgnoreLayer(null, root, ParseAll(own)));
    }

    /// <summary>With the rules of a directory further down.</summary>
    public IgnoreLayer With(string directory) =>
        Read(this, directory, Path.Join(directory, FileName));

    /// <summary>Whether a path is ignored; null if no rule means it.</summary>
    public bool? Judge(ReadOnlySpan<char> path, bool isDirectory)
    {
        for (var layer = this; layer is not null; layer = layer.Below)
        {
            var start = layer.Directory.Length + (layer.Directory.EndsWith('/') ? 0 : 1);
            if (path.Length <= start || !path.StartsWith(layer.Directory))
            {
                continue;
            }

            var relative = path[start..];
            for (var i = layer.Rules.Count - 1; i >= 0; i--)
            {
                if (layer.Rules[i].Matches(relative, isDirectory))
                {
                    return !layer.Rules[i].IsNegated;
                }
            }
        }

        return null;
    }

    /// <summary>The rules of lines.</summary>
    public static IReadOnlyList<IgnoreRule> ParseAll(IEnumerable<string> lines) =>
        [.. lines.Select(IgnoreRule.Parse).OfType<IgnoreRule>()];

    /// <summary>The top of the work tree that a directory belongs to; null if it belongs to none.</summary>
    private static string? FindTop(string directory)
    {
        for (
            var at = directory;
            at is not null;
            at = Path.GetDirectoryName(at) // null above the root
        )
        {
            if (Path.Exists(Path.Join(at, ".git")))
            {
                return at;
            }
        }

        return null;
    }

    private static IgnoreLayer Read(IgnoreLayer below, string directory, string file)
    {
        try
        {
            var facts = new FileInfo(file);
            if (!facts.Exists || facts.Length > MaxFileBytes)
            {
                return below;
            }

            var rules = ParseAll(File.ReadAllText(file).Split('\n'));
            return rules.Count == 0 ? below : new IgnoreLayer(below, directory, rules);
        }
        catch (IOException)
        {
            // Gone between the look and the read, or not a file: then it has no rules.
            return below;
        }
        catch (UnauthorizedAccessException)
        {
            // As git does with one that it may not read.
            return below;
        }
    }
}

/// <summary>All rules of a watched directory.</summary>
/// <param name="Git">The usual, and those of .gitignore files.</param>
/// <param name="Own">A person's; asked first.</param>
internal readonly record struct IgnoreLayers(IgnoreLayer Git, IgnoreLayer Own)
{
    /// <summary>With the rules of a directory further down.</summary>
    public IgnoreLayers With(string directory) => this with { Git = Git.With(directory) };

    /// <summary>Whether a path does not count; all above it do.</summary>
    public bool IsIgnored(ReadOnlySpan<char> path, bool isDirectory) =>
        Own.Judge(path, isDirectory) ?? Git.Judge(path, isDirectory) ?? false;
}
