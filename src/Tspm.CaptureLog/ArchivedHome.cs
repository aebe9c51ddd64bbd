using System.Buffers;

namespace Tspm.CaptureLog;

/// <summary>Finds the home below a directory that somebody copied, from this machine or another.</summary>
public static class ArchivedHome
{
    private const int NameDigits = 16;
    private static readonly SearchValues<char> Digits = SearchValues.Create("0123456789abcdef");

    /// <summary>The homes there are: of the directory itself, or of each machine that has one in it.</summary>
    /// <param name="root">A home, a copy of one, or the directory of one machine in it.</param>
    /// <exception cref="IOException">The directory cannot be read.</exception>
    public static IReadOnlyList<HomePaths> Find(string root)
    {
        var here = HomePaths.At(root);
        if (Holds(here.Machine))
        {
            return [here];
        }

        if (Holds(root))
        {
            return [new HomePaths(Path.GetDirectoryName(root) ?? root, root)];
        }

        return Directory.Exists(root)
            ?
            [
                .. Directory
                    .EnumerateDirectories(root)
                    .Where(path => IsMachine(Path.GetFileName(path.AsSpan())) && Holds(path))
                    .Order(StringComparer.Ordinal)
                    .Select(path => new HomePaths(root, path)),
            ]
            : [];
    }

    private static bool Holds(string machine) =>
        Directory.Exists(new HomePaths("", machine).Processes);

    private static bool IsMachine(ReadOnlySpan<char> name) =>
        name.Length == NameDigits && !name.ContainsAnyExcept(Digits);
}
