namespace Tspm.CaptureLog;

/// <summary>Tells a home from a copy of it: who goes on with the programs of a copied journal would take those of another home.</summary>
/// <remarks>
/// What is written down is when the directory was made (its inode where the file system does not tell). A home that was
/// moved is still itself; one that was copied or restored is not.
/// </remarks>
public static class HomeIdentity
{
    /// <summary>Whether the machine's directory of a home was copied from another; false if nobody wrote down which it is.</summary>
    public static bool IsCopy(HomePaths home)
    {
        ArgumentNullException.ThrowIfNull(home);
        return File.Exists(home.Identity)
            && File.ReadAllText(home.Identity).Trim() is { Length: > 0 } written
            && written != Of(home.Machine);
    }

    /// <summary>Which it is, whatever was written down; a copy has another.</summary>
    public static string Read(HomePaths home)
    {
        ArgumentNullException.ThrowIfNull(home);
        return Of(home.Machine);
    }

    /// <summary>Writes down which it is.</summary>
    /// <exception cref="IOException">The disk refused.</exception>
    public static void Write(HomePaths home)
    {
        ArgumentNullException.ThrowIfNull(home);
        using var file = new FileStream(
            home.Identity,
            new FileStreamOptions
            {
                Mode = FileMode.Create,
                Access = FileAccess.Write,
                UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite,
                BufferSize = 0,
            }
        );
        file.Write(System.Text.Encoding.ASCII.GetBytes(Of(home.Machine) + "\n"));
    }

    /// <summary>"4711 1732650000.123456789" is inode and birth; the birth alone is kept over every remount.</summary>
    private static string Of(string directory)
    {
        var words = HomeGuard.BirthOf(directory).Split(' ');
        return words is [var inode, var birth]
            ? birth.StartsWith("0.", StringComparison.Ordinal)
                ? inode
                : birth
            : "";
    }
}
