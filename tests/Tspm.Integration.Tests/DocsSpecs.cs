namespace Tspm.Integration.Tests;

/// <summary>Every command line in a block marked <c>sh run</c> of the README and the pages is executed as it is written.</summary>
/// <remarks>
/// One home for a page. A comment at the end tells what is expected: <c># exit 3</c>; <c># prints: text</c>; <c># follows</c>
/// for one that is ended by Ctrl+C once it has printed. Without: exit 0.
/// </remarks>
public sealed class DocsSpecs
{
    private const string Opening = "```sh run";

    [Fact]
    public async Task Every_marked_command_does_what_its_page_says()
    {
        var pages = Pages();
        Assert.Contains(pages, page => Commands(page).Count > 0);
        foreach (var page in pages.Where(page => Commands(page).Count > 0))
        {
            await RunAsync(page, Commands(page));
        }
    }

    [Fact]
    public async Task A_page_that_promises_something_else_is_caught() =>
        await Assert.ThrowsAnyAsync<Exception>(() =>
            RunAsync("a page", ["tspm list   # prints: no such text"])
        );

    private static async Task RunAsync(string page, IReadOnlyList<string> commands)
    {
        await using var home = new TspmHome();
        var bin = Directory.CreateDirectory(Path.Join(home.Root, "bin"));
        File.SetUnixFileMode(
            home.Root,
            UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute
        );
        File.CreateSymbolicLink(Path.Join(bin.FullName, "tspm"), TspmHome.Binary);
        foreach (var command in commands)
        {
            var note = command.Split("# ") is [.., var last] && last != command ? last.Trim() : "";
            var line = $"export PATH={bin.FullName}:$PATH HOME={bin.FullName}; cd {bin.FullName}; ";
            line += note.StartsWith("follows", StringComparison.Ordinal)
                ? $"timeout -s INT 3 {command}"
                : command;
            var result = await home.ShellAsync(line);

            // timeout(1) tells with 124 that it had to end the follow.
            var expected =
                note.StartsWith("follows", StringComparison.Ordinal) ? 124
                : note.StartsWith("exit ", StringComparison.Ordinal)
                    ? int.Parse(
                        note[5..].Split(' ')[0].TrimEnd(':'),
                        System.Globalization.CultureInfo.InvariantCulture
                    )
                : 0;
            Assert.True(
                result.ExitCode == expected,
                $"{Path.GetFileName(page)}: {command}\n{result}"
            );
            if (note.StartsWith("prints: ", StringComparison.Ordinal))
            {
                Assert.True(
                    (result.Output + result.Errors).Contains(note[8..], StringComparison.Ordinal),
                    $"{Path.GetFileName(page)}: {command}\n{result}"
                );
            }
        }
    }

    private static List<string> Commands(string page)
    {
        var commands = new List<string>();
        var isInside = false;
        foreach (var line in File.ReadLines(page))
        {
            if (line.StartsWith("```", StringComparison.Ordinal))
            {
                isInside = line.Trim() == Opening;
            }
            else if (isInside && line.Trim() is { Length: > 0 } command && command[0] != '#')
            {
                commands.Add(command);
            }
        }

        return commands;
    }

    private static List<string> Pages()
    {
        var root = AppContext.BaseDirectory;
        while (!File.Exists(Path.Join(root, "Tspm.slnx")))
        {
            root = Path.GetDirectoryName(root) ?? throw new FileNotFoundException("Tspm.slnx");
        }

        return
        [
            Path.Join(root, "README.md"),
            .. Directory.GetFiles(Path.Join(root, "docs"), "*.md"),
        ];
    }
}
