using System.Runtime.CompilerServices;
using System.Xml.Linq;

namespace Tspm.Integration.Tests;

/// <summary>Who may know whom (docs/architecture.md).</summary>
public sealed class DependencyLawTests
{
    private static readonly Dictionary<string, string[]> Allowed = new(StringComparer.Ordinal)
    {
        ["SmartIpc"] = [],
        ["Tspm.CaptureLog"] = [],
        ["Tspm.Protocol"] = ["SmartIpc"],
        ["Tspm.Keeper"] = ["Tspm.CaptureLog"],
        ["Tspm.Logs"] = ["Tspm.CaptureLog"],
        ["Tspm.Client"] = ["Tspm.Protocol", "SmartIpc"],
        ["Tspm.Daemon"] = ["Tspm.Logs", "Tspm.Protocol", "SmartIpc", "Tspm.CaptureLog"],
        ["Tspm.Cli"] = ["Tspm.Client", "Tspm.Daemon", "Tspm.Keeper"],
    };

    [Fact]
    public void Projects_know_only_whom_they_may()
    {
        Assert.Empty(
            Breaches(
                Directory.EnumerateFiles(
                    Path.Join(Root(), "src"),
                    "*.csproj",
                    SearchOption.AllDirectories
                ),
                Allowed
            )
        );
    }

    [Fact]
    public void A_law_that_forbids_what_there_is_is_breached()
    {
        var stricter = new Dictionary<string, string[]>(Allowed, StringComparer.Ordinal)
        {
            ["Tspm.Client"] = [],
        };

        Assert.NotEmpty(
            Breaches(
                Directory.EnumerateFiles(
                    Path.Join(Root(), "src"),
                    "*.csproj",
                    SearchOption.AllDirectories
                ),
                stricter
            )
        );
    }

    private static List<string> Breaches(
        IEnumerable<string> projects,
        Dictionary<string, string[]> law
    )
    {
        var breaches = new List<string>();
        foreach (var path in projects)
        {
            var name = Path.GetFileNameWithoutExtension(path);
            var references = XDocument
                .Load(path)
                .Descendants("ProjectReference")
                .Select(reference =>
                    Path.GetFileNameWithoutExtension(reference.Attribute("Include")?.Value ?? "?")
                );
            breaches.AddRange(
                references
                    .Where(other => !law[name].Contains(other))
                    .Select(other => $"{name} → {other}")
            );
        }

        return breaches;
    }

    internal static string Root([CallerFilePath] string here = "")
    {
        // A deterministic build maps the path to /_/; then the tests run inside the checkout.
        var directory = File.Exists(here) ? Path.GetDirectoryName(here) : AppContext.BaseDirectory;
        while (directory is not null && !File.Exists(Path.Join(directory, "Tspm.slnx")))
        {
            directory = Path.GetDirectoryName(directory);
        }

        return directory ?? throw new InvalidOperationException("the checkout was not found");
    }
}
