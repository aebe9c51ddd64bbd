using System.Globalization;

namespace Tspm.KillMatrix;

/// <summary>How the matrix runs: <c>--kills N --rate N --seed N --binary PATH --only KIND --keep --limits --soak MINUTES --hours N</c>.</summary>
internal sealed record MatrixOptions
{
    /// <summary>Kills of each kind.</summary>
    public int Kills { get; init; } = 10;

    /// <summary>Lines per second.</summary>
    public int Rate { get; init; } = 25_000;

    /// <summary>Of the random moments.</summary>
    public int Seed { get; init; } = Environment.TickCount;

    /// <summary>The binary.</summary>
    public string Binary { get; init; } =
        Environment.GetEnvironmentVariable("TSPM_BINARY") is { Length: > 0 } published
            ? Path.GetFullPath(published)
            : Path.Join(AppContext.BaseDirectory, "tspm");

    /// <summary>Measure memory and adoption of 100 programs instead.</summary>
    public bool Limits { get; init; }

    /// <summary>Run the soak for so long instead.</summary>
    public TimeSpan? Soak { get; init; }

    /// <summary>Leave the home there if something was wrong.</summary>
    public bool Keep { get; init; }

    /// <summary>Only this kind; null means all.</summary>
    public string? Only { get; init; }

    /// <summary>Reads the command line.</summary>
    public static MatrixOptions Parse(string[] words)
    {
        var options = new MatrixOptions();
        for (var at = 0; at < words.Length; at++)
        {
            string Next() => words[++at];
            int Number() => int.Parse(Next(), CultureInfo.InvariantCulture);
            options = words[at] switch
            {
                "--kills" => options with { Kills = Number() },
                "--rate" => options with { Rate = Number() },
                "--seed" => options with { Seed = Number() },
                "--binary" => options with { Binary = Path.GetFullPath(Next()) },
                "--only" => options with { Only = Next() },
                "--keep" => options with { Keep = true },
                "--soak" => options with { Soak = TimeSpan.FromMinutes(Number()) },
                "--hours" => options with { Soak = TimeSpan.FromHours(Number()) },
                "--limits" => options with { Limits = true },
                _ => throw new ArgumentException($"\"{words[at]}\" is not known", nameof(words)),
            };
        }

        return options;
    }
}
