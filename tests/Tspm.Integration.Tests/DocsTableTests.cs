using System.Text.RegularExpressions;

namespace Tspm.Integration.Tests;

/// <summary>Each file and each test that a table of docs/log-streaming.md, the semantics table of docs/testing.md, or the last one of docs/command-line.md, names is there.</summary>
public sealed partial class DocsTableTests
{
    private static readonly string Root = FindRoot();

    [Fact]
    public void Each_file_and_test_that_the_tables_name_is_there()
    {
        var rows = File.ReadLines(Path.Join(Root, "docs", "log-streaming.md"))
            .Where(line => line.StartsWith('|'))
            .ToList();

        Assert.True(rows.Count > 60, $"{rows.Count} rows");
        Assert.Equal([], Missing(rows));
    }

    [Theory]
    [InlineData("## Semantics, row by row", 25)]
    [InlineData("## Issue 6, sentence by sentence", 25)]
    public void Each_test_that_holds_a_row_of_a_table_is_there(string heading, int least)
    {
        var rows = File.ReadLines(Path.Join(Root, "docs", "testing.md"))
            .SkipWhile(line => line != heading)
            .Skip(1)
            .TakeWhile(line => !line.StartsWith("## ", StringComparison.Ordinal))
            .Where(line => line.StartsWith('|'))
            .ToList();

        Assert.True(rows.Count > least, $"{rows.Count} rows");
        Assert.Equal([], Missing(rows));
    }

    [Fact]
    public void Each_test_that_proves_the_command_line_is_there()
    {
        var rows = File.ReadLines(Path.Join(Root, "docs", "command-line.md"))
            .SkipWhile(line => line != "## What proves it")
            .Where(line => line.StartsWith('|'))
            .ToList();

        Assert.True(rows.Count > 20, $"{rows.Count} rows");
        Assert.Equal([], Missing(rows));
    }

    [Fact]
    public void A_table_that_names_what_there_is_not_is_caught()
    {
        Assert.Equal(
            ["Tspm.Client/NoSuch.cs", "FollowSpecs.There_is_no_such_test", "NoSuchSpecs"],
            Missing([
                "| a | `Tspm.Client/NoSuch.cs` | `FollowSpecs.There_is_no_such_test`, `NoSuchSpecs` |",
            ])
        );
    }

    private static List<string> Missing(IReadOnlyList<string> rows)
    {
        var files = new[] { "src", "tests" }
            .SelectMany(folder =>
                Directory.EnumerateFiles(
                    Path.Join(Root, folder),
                    "*.*",
                    SearchOption.AllDirectories
                )
            )
            .Where(path => !path.Contains("/obj/", StringComparison.Ordinal))
            .ToList();
        return
        [
            .. rows.SelectMany(row => Quoted().Matches(row).Select(one => one.Groups[1].Value))
                .Where(name => !IsThere(name, files)),
        ];
    }

    private static bool IsThere(string name, List<string> files)
    {
        if (
            name.EndsWith(".cs", StringComparison.Ordinal)
            || name.EndsWith(".py", StringComparison.Ordinal)
        )
        {
            return files.Exists(path => path.EndsWith("/" + name, StringComparison.Ordinal));
        }

        if (TestName().Match(name) is not { Success: true } test)
        {
            // A folder, an option, a method of the code: not a test.
            return true;
        }

        // A name that is cut ends with an ellipsis.
        var method = test.Groups[2].Value;
        var isCut = method.EndsWith('…');
        var wanted = isCut ? " " + method.TrimEnd('…') : $" {method}(";
        return files
            .Where(path =>
                path.EndsWith($"/{test.Groups[1].Value}.cs", StringComparison.Ordinal)
                && path.Contains("/tests/", StringComparison.Ordinal)
            )
            .Any(path =>
                method.Length == 0
                || File.ReadAllText(path).Contains(wanted, StringComparison.Ordinal)
            );
    }

    private static string FindRoot()
    {
        var root = AppContext.BaseDirectory;
        while (!File.Exists(Path.Join(root, "Tspm.slnx")))
        {
            root = Path.GetDirectoryName(root) ?? throw new FileNotFoundException("Tspm.slnx");
        }

        return root;
    }

    [GeneratedRegex("`([^`]+)`")]
    private static partial Regex Quoted();

    [GeneratedRegex("^(?:[A-Za-z.]+/)?([A-Za-z]+(?:Specs|Tests))(?:\\.([A-Za-z0-9_]+…?))?$")]
    private static partial Regex TestName();
}
