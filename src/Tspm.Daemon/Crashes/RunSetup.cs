using System.Globalization;
using System.Text;
using Tspm.Daemon.Supervision;
using Tspm.Protocol.Messages;

namespace Tspm.Daemon.Crashes;

/// <summary>What a run was started with, as far as it is compared; of variables a digest, no value.</summary>
internal sealed record RunSetup
{
    /// <summary>Program and arguments, secrets masked.</summary>
    public required IReadOnlyList<string> Command { get; init; }

    /// <summary>Working directory.</summary>
    public required string Cwd { get; init; }

    /// <summary>Names of variables, each with the digest of its value.</summary>
    public required IReadOnlyDictionary<string, string> Env { get; init; }

    /// <summary>That of a spec.</summary>
    public static RunSetup Of(ProcessSpec spec)
    {
        var env = new SortedDictionary<string, string>(StringComparer.Ordinal);
        foreach (var variable in spec.Env)
        {
            var equals = variable.IndexOf('=');
            env[variable[..equals]] = Digest(variable.AsSpan(equals + 1));
        }

        return new RunSetup
        {
            Command = ProcessSecrets.Of(spec).Words(spec.Command),
            Cwd = spec.Cwd,
            Env = env,
        };
    }

    /// <summary>What is other than in a run that was good.</summary>
    public RunChanges Since(GoodRun good)
    {
        var before = good.Setup;
        return new RunChanges
        {
            GoodRun = good.Run,
            GoodEndedAt = good.EndedAt.UtcDateTime.ToString(
                "yyyy-MM-dd'T'HH:mm:ss.fff'Z'",
                CultureInfo.InvariantCulture
            ),
            CommandBefore = before.Command.SequenceEqual(Command) ? null : before.Command,
            CwdBefore = before.Cwd == Cwd ? null : before.Cwd,
            EnvAdded = [.. Env.Keys.Where(name => !before.Env.ContainsKey(name))],
            EnvRemoved = [.. before.Env.Keys.Where(name => !Env.ContainsKey(name))],
            EnvChanged =
            [
                .. Env.Where(one =>
                        before.Env.TryGetValue(one.Key, out var old) && old != one.Value
                    )
                    .Select(one => one.Key),
            ],
        };
    }

    // FNV-1a, 64 bits: tells two values apart in a file that holds the newest ones anyway.
    private static string Digest(ReadOnlySpan<char> value)
    {
        const ulong prime = 0x0000_0100_0000_01B3;
        var digest = 0xCBF2_9CE4_8422_2325;
        foreach (var one in Encoding.UTF8.GetBytes(value.ToString()))
        {
            digest = (digest ^ one) * prime;
        }

        return digest.ToString("x16", CultureInfo.InvariantCulture);
    }
}

/// <summary>The last run that did not fail: it ended with code 0, or it ran well until somebody stopped it.</summary>
/// <param name="Run">Its number in its process.</param>
/// <param name="EndedAt">When it ended.</param>
/// <param name="Setup">What it was started with.</param>
internal sealed record GoodRun(uint Run, DateTimeOffset EndedAt, RunSetup Setup);
