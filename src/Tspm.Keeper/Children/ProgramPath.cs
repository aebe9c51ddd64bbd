using Tspm.Keeper.Interop;

namespace Tspm.Keeper.Children;

/// <summary>Finds the file that a command means, as execvp would, and says what is wrong with it before anything is spawned.</summary>
internal static class ProgramPath
{
    private const int Execute = 1;
    private const string DefaultPath = "/usr/local/bin:/usr/bin:/bin";

    /// <summary>Finds it.</summary>
    /// <param name="program">The first word of the command.</param>
    /// <param name="directory">Where the program will stand; a path with a slash is relative to it.</param>
    /// <param name="environment">Its environment; holds the PATH.</param>
    /// <param name="path">What to start.</param>
    /// <returns>0, or the errno.</returns>
    public static int Find(
        string program,
        string directory,
        IReadOnlyList<string> environment,
        out string path
    )
    {
        path = program;
        if (program.Contains('/'))
        {
            return Check(Path.Combine(directory, program));
        }

        var search = environment
            .FirstOrDefault(entry => entry.StartsWith("PATH=", StringComparison.Ordinal))
            ?[5..];
        var worst = LibC.NoEntry;
        foreach (var entry in (search ?? DefaultPath).Split(':'))
        {
            // An empty entry means the directory the program stands in.
            path = Path.Join(Path.Combine(directory, entry), program);
            var errno = Check(path);
            if (errno == 0)
            {
                return 0;
            }

            worst = errno == LibC.AccessDenied ? errno : worst;
        }

        return worst;
    }

    private static int Check(string path) =>
        Directory.Exists(path) ? LibC.AccessDenied
        : LibC.access(path, Execute) == 0 ? 0
        : LibC.LastError;
}
