namespace Tspm.Cli.Launch;

/// <summary>How this very program is started again: as keeper, as daemon.</summary>
internal static class SelfCommand
{
    /// <summary>Program and arguments.</summary>
    public static IReadOnlyList<string> With(params IReadOnlyList<string> arguments)
    {
        // ProcessPath is the binary itself, or "dotnet" if the library is run by the shared host.
        var program = Environment.ProcessPath ?? "/proc/self/exe";
        var isHost = Path.GetFileNameWithoutExtension(program) == "dotnet";
        return isHost
            ? [program, Path.Join(AppContext.BaseDirectory, "tspm.dll"), .. arguments]
            : [program, .. arguments];
    }
}
