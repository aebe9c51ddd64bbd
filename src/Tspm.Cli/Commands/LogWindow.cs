using Tspm.Cli.CommandLine;
using Tspm.Client;

namespace Tspm.Cli.Commands;

/// <summary>The stretch of time that <c>logs</c> shows.</summary>
internal sealed record LogWindow
{
    private static readonly TimeSpan Around = TimeSpan.FromSeconds(5);

    /// <summary>From this time on, 100 ns since 1970 UTC; null from the beginning.</summary>
    public long? Since { get; init; }

    /// <summary>Up to this time; null to the end.</summary>
    public long? Until { get; init; }

    /// <summary>Runs that --since run or --until run means; null if neither was given.</summary>
    public RunRange? Runs { get; init; }

    /// <summary>Whether the end is still to come.</summary>
    public bool EndsLater(DateTimeOffset now) => Until > TicksOf(now);

    /// <summary>Reads --since, --until, --at and --around.</summary>
    /// <exception cref="CliException">A value is wrong, or they do not go together.</exception>
    public static LogWindow Read(Invocation invocation, DateTimeOffset now)
    {
        var zone = invocation.Has("utc") ? TimeZoneInfo.Utc : TimeZoneInfo.Local;
        if (invocation.Has("at"))
        {
            return ReadAround(invocation, now, zone);
        }

        if (invocation.Has("around"))
        {
            throw new CliException(
                ExitCodes.Usage,
                "--around says how far around --at, and that is not there",
                "example: tspm logs --at 14:05:06 --around 5s"
            );
        }

        var since = invocation.Value("since");
        var until = invocation.Value("until");
        var window = new LogWindow
        {
            Since = since is null or "run" ? null : TicksOf(Parse("since", since, now, zone)),
            Until = until is null or "run" ? null : TicksOf(Parse("until", until, now, zone)),
            Runs =
                since == "run" ? RunRange.SinceCurrent
                : until == "run" ? RunRange.BeforeCurrent
                : null,
        };
        window.Check(since, until, now);
        if (window.Runs is not null && (invocation.Has("run") || invocation.Has("previous")))
        {
            throw new CliException(
                ExitCodes.Usage,
                "--since run and --until run do not go with --run or --previous",
                "example: tspm logs web --run previous"
            );
        }

        return window;
    }

    private static LogWindow ReadAround(
        Invocation invocation,
        DateTimeOffset now,
        TimeZoneInfo zone
    )
    {
        if (invocation.Has("since") || invocation.Has("until") || invocation.Has("follow"))
        {
            throw new CliException(
                ExitCodes.Usage,
                "--at is a point in time; it does not go with --since, --until or -f",
                "example: tspm logs --at 14:05:06 --around 5s"
            );
        }

        // Not null: it was given.
        var text = invocation.Value("at")!;
        var at = Parse("at", text, now, zone);
        var around = invocation.Value("around") is { } words
            ? TimeSpan.FromMilliseconds(SpecBuilder.ParseDuration("around", words))
            : Around;
        if (TicksOf(at) - around.Ticks > TicksOf(now))
        {
            throw Future("at", text);
        }

        return new LogWindow
        {
            Since = TicksOf(at) - around.Ticks,
            Until = TicksOf(at) + around.Ticks,
        };
    }

    private static DateTimeOffset Parse(
        string option,
        string text,
        DateTimeOffset now,
        TimeZoneInfo zone
    )
    {
        try
        {
            return TimeText.Parse(text, now, zone);
        }
        catch (CliException wrong)
        {
            throw new CliException(
                wrong.ExitCode,
                $"--{option}: {wrong.Message}",
                wrong.Hint,
                wrong.Code
            );
        }
    }

    private void Check(string? since, string? until, DateTimeOffset now)
    {
        if (Since > TicksOf(now))
        {
            throw Future("since", since!); // a time comes from a text
        }

        if (Since > Until || (since == "run" && until == "run"))
        {
            throw new CliException(
                ExitCodes.Usage,
                $"--since \"{since}\" comes after --until \"{until}\"",
                "the earlier one goes to --since"
            );
        }
    }

    private static CliException Future(string option, string text) =>
        new(
            ExitCodes.Usage,
            $"--{option} \"{text}\" is in the future: nothing was printed then",
            "to wait for what comes: -f"
        );

    private static long TicksOf(DateTimeOffset time) => (time - DateTimeOffset.UnixEpoch).Ticks;
}
