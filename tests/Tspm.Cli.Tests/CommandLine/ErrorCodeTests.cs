using System.Reflection;
using System.Text.RegularExpressions;

namespace Tspm.Cli.Tests.CommandLine;

/// <summary>Every code has its section in docs/errors.md, and no section is without a code.</summary>
public sealed class ErrorCodeTests
{
    [Fact]
    public void Page_and_code_name_the_same_codes()
    {
        Assert.Equal(
            Codes().Order(StringComparer.Ordinal),
            Sections(Page()).Order(StringComparer.Ordinal)
        );
        Assert.Equal(Codes().Count, Codes().Distinct(StringComparer.Ordinal).Count());
    }

    [Fact]
    public void A_page_without_a_section_is_caught() =>
        Assert.NotEqual(
            Codes().Order(StringComparer.Ordinal),
            Sections(Page().Replace("## TSPM2001", "", StringComparison.Ordinal))
                .Order(StringComparer.Ordinal)
        );

    [Theory]
    [InlineData("not-found", "TSPM3001")]
    [InlineData("spawn-failed", "TSPM1003")]
    [InlineData("bad-request", "TSPM2011")]
    [InlineData("version", "TSPM1011")]
    [InlineData("anything", "TSPM1001")]
    public void A_code_of_the_protocol_has_one(string protocol, string code) =>
        Assert.Equal(code, ErrorCode.OfProtocol(protocol));

    private static List<string> Codes() =>
        [
            .. typeof(ErrorCode)
                .GetFields(BindingFlags.Public | BindingFlags.Static)
                .Where(field => field.IsLiteral)
                .Select(field => (string)field.GetRawConstantValue()!),
        ];

    private static List<string> Sections(string page) =>
        [
            .. Regex
                .Matches(page, "(?m)^## (TSPM[0-9]{4})$", RegexOptions.NonBacktracking)
                .Select(match => match.Groups[1].Value),
        ];

    private static string Page()
    {
        var folder = AppContext.BaseDirectory;
        while (!File.Exists(Path.Join(folder, "Tspm.slnx")))
        {
            folder = Path.GetDirectoryName(folder) ?? throw new FileNotFoundException("Tspm.slnx");
        }

        return File.ReadAllText(Path.Join(folder, "docs", "errors.md"));
    }
}
