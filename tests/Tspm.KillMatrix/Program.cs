namespace Tspm.KillMatrix;

/// <summary>Proves DESIGN section 6 with real kills; docs/testing.md has the commands.</summary>
internal static class Program
{
    private static async Task<int> Main(string[] words)
    {
        var options = MatrixOptions.Parse(words);
        if (options.WantsHelp)
        {
            Console.WriteLine(MatrixOptions.Help);
            return words is ["--help"] ? 0 : 2;
        }

        var isGood =
            options.Soak is { } time ? await new Soak(options, time).RunAsync()
            : options.Limits ? await new Limits(options).RunAsync()
            : await new Matrix(options).RunAsync();
        return isGood ? 0 : 1;
    }
}
