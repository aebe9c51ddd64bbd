namespace Tspm.Compare;

/// <summary>Small files that one side writes and the other waits for.</summary>
internal static class Files
{
    public static void Replace(string path, string text)
    {
        File.WriteAllText(path + ".new", text);
        File.Move(path + ".new", path, overwrite: true);
    }

    public static bool WaitFor(string path, TimeSpan deadline)
    {
        var watch = System.Diagnostics.Stopwatch.StartNew();
        while (!File.Exists(path))
        {
            if (watch.Elapsed > deadline)
            {
                return false;
            }

            Thread.Sleep(2);
        }

        return true;
    }

    public static Dictionary<string, long> ReadReport(string path) =>
        File.ReadAllLines(path)
            .Select(line => line.Split('='))
            .ToDictionary(
                pair => pair[0],
                pair => long.Parse(pair[1], System.Globalization.CultureInfo.InvariantCulture),
                StringComparer.Ordinal
            );
}
