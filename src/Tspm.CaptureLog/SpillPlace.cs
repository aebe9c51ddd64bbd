using System.Globalization;

namespace Tspm.CaptureLog;

/// <summary>Where a home's journal and data files go on in memory while its disk refuses them (docs/capture-log.md section 1).</summary>
/// <remarks>Bound to the very directory of the home, not only to its name: a home that was made again never sees an older one's spill.</remarks>
/// <param name="Root">The directory of this home's spill.</param>
public sealed record SpillPlace(string Root)
{
    /// <summary>The bytes that all spill files of a home may hold.</summary>
    public const long MaxBytes = 64 * 1024 * 1024;

    private const string Memory = "/dev/shm";
    private const UnixFileMode OwnerOnly =
        UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;

    /// <summary>The journal's directory.</summary>
    public string Journal => Path.Join(Root, "journal");

    private string User => Path.GetDirectoryName(Root) ?? Memory;

    private string Processes => Path.Join(Root, "p");

    /// <summary>The spill of a home that is there.</summary>
    /// <param name="home">The home; its directories have been made.</param>
    /// <param name="memory">A file system in memory.</param>
    public static SpillPlace Of(HomePaths home, string memory = Memory)
    {
        var identity = HomeGuard.BirthOf(home.Machine);
        var name = HomePaths.Digest($"{home.Machine}\n{identity}");
        return new SpillPlace(
            Path.Join(
                memory,
                string.Create(CultureInfo.InvariantCulture, $"tspm-{HomeGuard.Me}"),
                name
            )
        );
    }

    /// <summary>The directory of one process.</summary>
    public string Process(uint id) =>
        Path.Join(Processes, id.ToString(CultureInfo.InvariantCulture));

    /// <summary>Makes one of its directories and all above it, 0700 from their first moment, and checks each.</summary>
    /// <returns>Null if all is well; else the fact that forbids it.</returns>
    public string? Prepare(string directory)
    {
        try
        {
            foreach (var level in LevelsTo(directory))
            {
                Directory.CreateDirectory(level, OwnerOnly);
                if (HomeGuard.FindFault(level) is { } fault)
                {
                    return fault;
                }
            }

            return null;
        }
        catch (IOException error)
        {
            return error.Message;
        }
        catch (UnauthorizedAccessException error)
        {
            return error.Message;
        }
    }

    /// <summary>True if what lies there may be read: nobody else could have put it there.</summary>
    public bool IsOurs(string directory) =>
        Directory.Exists(directory)
        && LevelsTo(directory).All(level => HomeGuard.FindFault(level) is null);

    private IEnumerable<string> LevelsTo(string directory)
    {
        yield return User;
        yield return Root;
        if (directory.StartsWith(Processes, StringComparison.Ordinal))
        {
            yield return Processes;
        }

        yield return directory;
    }
}
