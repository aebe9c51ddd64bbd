using System.Diagnostics;

namespace Tspm.Integration.Tests;

/// <summary>The short form of the kill matrix; docs/testing.md has the long one.</summary>
public sealed class KillMatrixSpecs
{
    [Fact]
    public async Task Kills_of_each_kind_cost_no_line_no_program_and_no_exit_code()
    {
        // A program that is compiled as it runs takes many times as long to come back.
        var isPublished = !File.Exists(TspmHome.Binary + ".dll");
        var start = new ProcessStartInfo(Path.Join(AppContext.BaseDirectory, "Tspm.KillMatrix"))
        {
            UseShellExecute = false,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        start.ArgumentList.Add("--kills");
        start.ArgumentList.Add(isPublished ? "10" : "3");
        start.Environment["TSPM_BINARY"] = TspmHome.Binary;
        using var matrix = Process.Start(start)!;
        var errors = matrix.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);

        var output = await matrix.StandardOutput.ReadToEndAsync(
            TestContext.Current.CancellationToken
        );
        await matrix.WaitForExitAsync(TestContext.Current.CancellationToken);

        TestContext.Current.TestOutputHelper?.WriteLine(output);
        Assert.True(matrix.ExitCode == 0, output + await errors);
    }
}
