using System.Globalization;

namespace Tspm.KillMatrix;

/// <summary>How the matrix runs; <see cref="Help"/> has the words.</summary>
internal sealed record MatrixOptions
{
    /// <summary>For people.</summary>
    public const string Help = """
        Tspm.KillMatrix: kills keeper and daemon under a flow of numbered lines, and counts; ends with 1 if anything was wrong.

          --kills N       kills of each kind (10)
          --only KIND     Daemon, Keeper, Both, DaemonInRecovery, KeeperInAdoption, InRotation, InUpgrade or BetweenSpliceAndJournal
          --rate N        lines per second (25000)
          --limits        instead: memory with 100 programs, and the time until a new daemon and a new keeper have them
          --soak MINUTES  instead: 30 programs, everything killed at random, sums and memory at the end
          --hours N       the same, for so long
          --binary PATH   the tspm to try (TSPM_BINARY, else the one beside this program)
          --seed N        of the random moments (another each time; it is told)
          --keep          leave the home there if something was wrong
        """;

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

    /// <summary>Only say what there is.</summary>
    public bool WantsHelp { get; init; }

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
                _ => options with { WantsHelp = true },
            };
        }

        return options;
    }
}
