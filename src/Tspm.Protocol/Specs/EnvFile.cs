namespace Tspm.Protocol.Specs;

/// <summary>Files of variables: one NAME=VALUE a line, <c>#</c> begins a comment, <c>export</c> may stand before, quotes around a value go.</summary>
public static class EnvFile
{
    /// <summary>The most bytes of one file.</summary>
    public const int MaxBytes = 1024 * 1024;

    /// <summary>The most files of one process.</summary>
    public const int MaxFiles = 16;

    private const string Export = "export ";

    /// <summary>Reads a file.</summary>
    /// <returns>Null, or what is wrong, with the line.</returns>
    public static string? TryRead(string path, out IReadOnlyList<string> variables)
    {
        variables = [];
        try
        {
            var size = new FileInfo(path).Length;
            return size > MaxBytes
                ? $"{path}: {size} bytes are more than {MaxBytes}"
                : Parse(path, File.ReadAllLines(path), out variables);
        }
        catch (IOException error)
        {
            return $"{path}: {(error is FileNotFoundException or DirectoryNotFoundException ? "no such file" : error.Message)}";
        }
        catch (UnauthorizedAccessException)
        {
            return $"{path}: permission denied";
        }
    }

    private static string? Parse(string path, string[] lines, out IReadOnlyList<string> variables)
    {
        var found = new List<string>();
        variables = found;
        for (var i = 0; i < lines.Length; i++)
        {
            var line = lines[i].Trim();
            if (line.Length == 0 || line[0] == '#')
            {
                continue;
            }

            line = line.StartsWith(Export, StringComparison.Ordinal)
                ? line[Export.Length..].TrimStart()
                : line;
            var equals = line.IndexOf('=', StringComparison.Ordinal);
            if (equals <= 0)
            {
                // Without the line itself: it may hold a secret.
                return $"{path}:{i + 1}: this is not NAME=VALUE";
            }

            found.Add($"{line[..equals].TrimEnd()}={Unquote(line[(equals + 1)..].Trim())}");
        }

        return null;
    }

    private static string Unquote(string value) =>
        value.Length >= 2 && value[0] is '"' or '\'' && value[^1] == value[0]
            ? value[1..^1]
            : value;
}
