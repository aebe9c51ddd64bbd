using System.Diagnostics;
using CsCheck;
using Tspm.Daemon.Watch;

namespace Tspm.Daemon.Tests.Watch;

/// <summary>What is ignored is what git ignores: git itself is asked.</summary>
public sealed class GitIgnoreTests : IDisposable
{
    private static readonly string[] Paths =
    [
        "a",
        "a/a",
        "a/b/",
        "a/b/a",
        "a/b/ab",
        "a/b/c/",
        "a/b/c/a.o",
        "ab/",
        "ab/a",
        "ab/b/",
        "ab/b/a",
        "b/",
        "b/a/",
        "b/a/b.o",
        "b/a.o",
        "b/#a",
        "b/!a",
        "b/a ",
        "c.o",
        "[a]",
    ];
    private readonly DirectoryInfo _work = Directory.CreateTempSubdirectory("tspm-ignore-");

    public GitIgnoreTests()
    {
        Git("", "init", "-q");
        foreach (var path in Paths.Where(path => path != "a"))
        {
            var whole = Path.Join(_work.FullName, path);
            if (path.EndsWith('/'))
            {
                Directory.CreateDirectory(whole);
            }
            else
            {
                Directory.CreateDirectory(Path.GetDirectoryName(whole)!);
                File.WriteAllText(whole, "");
            }
        }
    }

    public void Dispose() => _work.Delete(recursive: true);

    [Fact]
    public void Random_rules_mean_what_they_mean_to_git()
    {
        var letter = OneOf(
            "a",
            "b",
            "c",
            ".o",
            "*",
            "?",
            "**",
            "/",
            "[ab]",
            "[!a]",
            "[a-b]",
            "\\a",
            "!",
            "#",
            " ",
            "[[:alpha:]]",
            "**/",
            "/**",
            "[]a]"
        );
        var line = Gen.Select(
            OneOf("", "", "", "!", "/", "\\"),
            letter.Array[1, 4],
            OneOf("", "", "/", " ", "\\ "),
            (start, middle, end) => start + string.Concat(middle) + end
        );
        var files = Gen.Select(line.Array[1, 4], line.Array[0, 2]);

        files.Sample(
            (top, inner) =>
            {
                var mine = Mine(top, inner);
                Assert.Equal(Gits(top, inner), mine);
            },
            iter: 600,
            threads: 1
        );
    }

    [Fact]
    public void A_matcher_whose_star_goes_over_slashes_is_caught()
    {
        var isCaught =
            Gits(["a/*/a"], []) is var told
            && !told.Contains("a/b/c/a.o")
            && told.Contains("a/b/a");
        Assert.True(isCaught);
        Assert.False(WildMatch.IsMatch("a/*/a.o", "a/b/c/a.o"));
        Assert.True(WildMatch.IsMatch("a/**/a.o", "a/b/c/a.o"));
    }

    [Theory]
    [InlineData("", null)]
    [InlineData("# no", null)]
    [InlineData("\\#yes", "\\#yes")]
    [InlineData("a   ", "a")]
    [InlineData("a\\ ", "a\\ ")]
    [InlineData("/a/", "a")]
    [InlineData("!a\r", "a")]
    [InlineData("/", null)]
    public void Lines_are_read_as_git_reads_them(string line, string? pattern) =>
        Assert.Equal(pattern, IgnoreRule.Parse(line)?.Pattern);

    [Fact]
    public void Ones_own_patterns_win_over_git_and_over_the_usual()
    {
        File.WriteAllText(Path.Join(_work.FullName, ".gitignore"), "*.o\n");
        var layers = IgnoreLayer
            .Of(_work.FullName, ["!c.o", "a", "!node_modules"], usesGit: true)
            .With(_work.FullName);

        Assert.False(layers.IsIgnored(Path.Join(_work.FullName, "c.o"), false));
        Assert.True(layers.IsIgnored(Path.Join(_work.FullName, "b/a.o"), false));
        Assert.True(layers.IsIgnored(Path.Join(_work.FullName, "b/a"), true));
        Assert.False(layers.IsIgnored(Path.Join(_work.FullName, "node_modules"), true));
        Assert.True(layers.IsIgnored(Path.Join(_work.FullName, ".git"), true));
    }

    [Fact]
    public void The_rules_above_a_watched_directory_hold_in_it()
    {
        File.WriteAllText(Path.Join(_work.FullName, ".gitignore"), "/b/a\n");
        var inner = Path.Join(_work.FullName, "b");

        var layers = IgnoreLayer.Of(inner, [], usesGit: true).With(inner);

        Assert.True(layers.IsIgnored(Path.Join(inner, "a"), true));
        Assert.False(layers.IsIgnored(Path.Join(inner, "a.o"), false));
    }

    private static Gen<string> OneOf(params string[] words) =>
        Gen.Int[0, words.Length - 1].Select(at => words[at]);

    private SortedSet<string> Gits(string[] top, string[] inner)
    {
        Write(top, inner);
        var told = Git(
            string.Join('\0', All()) + "\0",
            "check-ignore",
            "--no-index",
            "-z",
            "--stdin"
        );
        return new SortedSet<string>(
            told.Split('\0', StringSplitOptions.RemoveEmptyEntries)
                .Select(path => path.TrimEnd('/')),
            StringComparer.Ordinal
        );
    }

    private SortedSet<string> Mine(string[] top, string[] inner)
    {
        Write(top, inner);
        var found = new SortedSet<string>(StringComparer.Ordinal);
        var root = _work.FullName;
        var first = new IgnoreLayers(
            new IgnoreLayer(null, root, []),
            new IgnoreLayer(null, root, [])
        );
        Walk(root, first, false);
        return found;

        void Walk(string directory, IgnoreLayers above, bool isIgnored)
        {
            var layers = above.With(directory);
            foreach (var entry in new DirectoryInfo(directory).EnumerateFileSystemInfos())
            {
                if (entry.Name is ".git" or ".gitignore")
                {
                    continue;
                }

                var isDirectory = entry is DirectoryInfo;
                var ignored = isIgnored || layers.IsIgnored(entry.FullName, isDirectory);
                if (ignored)
                {
                    found.Add(Path.GetRelativePath(root, entry.FullName));
                }

                if (isDirectory)
                {
                    Walk(entry.FullName, layers, ignored);
                }
            }
        }
    }

    private IEnumerable<string> All() =>
        new DirectoryInfo(_work.FullName)
            .EnumerateFileSystemInfos("*", SearchOption.AllDirectories)
            .Select(entry => Path.GetRelativePath(_work.FullName, entry.FullName))
            .Where(path =>
                !path.StartsWith(".git", StringComparison.Ordinal)
                && !path.EndsWith(".gitignore", StringComparison.Ordinal)
            );

    private void Write(string[] top, string[] inner)
    {
        File.WriteAllText(Path.Join(_work.FullName, ".gitignore"), string.Join('\n', top) + "\n");
        File.WriteAllText(
            Path.Join(_work.FullName, "b", ".gitignore"),
            string.Join('\n', inner) + "\n"
        );
    }

    private string Git(string input, params string[] arguments)
    {
        var start = new ProcessStartInfo("git")
        {
            WorkingDirectory = _work.FullName,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            UseShellExecute = false,
        };
        start.Environment["GIT_CONFIG_GLOBAL"] = "/dev/null";
        start.Environment["GIT_CONFIG_SYSTEM"] = "/dev/null";
        foreach (var argument in arguments)
        {
            start.ArgumentList.Add(argument);
        }

        using var process = Process.Start(start)!;
        process.StandardInput.Write(input);
        process.StandardInput.Close();
        var output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        Assert.True(process.ExitCode is 0 or 1, $"git ended with {process.ExitCode}");
        return output;
    }
}
