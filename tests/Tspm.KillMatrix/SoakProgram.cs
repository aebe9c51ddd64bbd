using System.Buffers.Binary;
using System.Globalization;
using Tspm.Protocol.Messages;
using Tspm.TestTools;

namespace Tspm.KillMatrix;

/// <summary>One program of the soak: it is started again whatever ends it, and keeps a ledger of each run.</summary>
internal sealed class SoakProgram
{
    private readonly string _ledgers;

    private SoakProgram(string name, string ledgers)
    {
        Name = name;
        _ledgers = ledgers;
    }

    public string Name { get; }

    /// <summary>Runs that wrote a ledger.</summary>
    public int Runs { get; private set; }

    /// <summary>Starts it.</summary>
    public static async Task<SoakProgram> StartAsync(Home home, int number, int rate)
    {
        var program = new SoakProgram(
            string.Create(CultureInfo.InvariantCulture, $"p{number:d2}"),
            Path.Join(home.Root, "ledgers", number.ToString(CultureInfo.InvariantCulture))
        );
        Directory.CreateDirectory(program._ledgers);
        var kid = Path.Join(AppContext.BaseDirectory, "kid");
        await using var client = await home.ConnectAsync();
        var reply = await client.StartAsync(
            new StartRequest
            {
                Spec = new ProcessSpec
                {
                    Name = program.Name,
                    Cwd = "/",
                    Command =
                    [
                        kid,
                        "ledger",
                        rate.ToString(CultureInfo.InvariantCulture),
                        program._ledgers,
                    ],
                    Env = ["PATH=/usr/bin:/bin", .. Home.RuntimePlace()],
                    Restart = new RestartSpec
                    {
                        Policy = RestartPolicies.Always,
                        MaxRestarts = 1_000_000,
                    },
                    Disk = new LogFileSpec { FileBytes = 1024 * 1024 },
                },
            }
        );
        return reply.Results is [{ Error: null }]
            ? program
            : throw new InvalidOperationException(reply.Results[0].Message);
    }

    /// <summary>Compares its whole log with its ledgers, in the order of the runs.</summary>
    /// <returns>Lines that are there.</returns>
    public async Task<long> CheckAsync(Home home, List<string> faults)
    {
        var ledgers = new Queue<(long Intended, long Written)>(
            Directory
                .EnumerateFiles(_ledgers)
                // Ids of runs go up with time.
                .Order(StringComparer.Ordinal)
                .Select(Read)
        );
        Runs = ledgers.Count;
        using var log = home.Start("logs", Name, "-n", "all", "--no-events", "--raw", "--no-pager");
        log.StandardInput.Close();
        long last = 0,
            total = 0;
        while (await log.StandardOutput.ReadLineAsync() is { } line)
        {
            if (!FlowLines.TryRead(System.Text.Encoding.UTF8.GetBytes(line), out var number))
            {
                faults.Add($"{Name}: after {last}: {line}");
                return total;
            }

            if (number == 1 && last > 0)
            {
                Compare(last, ledgers, faults);
                last = 0;
            }

            if (number != last + 1)
            {
                faults.Add($"{Name}: {number} after {last} in a run");
            }

            last = number;
            total++;
        }

        Compare(last, ledgers, faults);
        foreach (var (_, written) in ledgers)
        {
            if (written > 0)
            {
                faults.Add($"{Name}: a whole run of {written} lines is not there");
            }
        }

        await log.WaitForExitAsync();
        home.Forget(log);
        return total;
    }

    private void Compare(
        long last,
        Queue<(long Intended, long Written)> ledgers,
        List<string> faults
    )
    {
        while (ledgers.TryDequeue(out var run))
        {
            if (run.Written == 0 && last > run.Intended)
            {
                // It was ended before its first line.
                continue;
            }

            if (last < run.Written || last > run.Intended)
            {
                faults.Add(
                    $"{Name}: {last} lines of a run that wrote {run.Written} to {run.Intended}"
                );
            }

            return;
        }

        if (last > 0)
        {
            faults.Add($"{Name}: {last} lines of a run that nobody started");
        }
    }

    private static (long Intended, long Written) Read(string path)
    {
        var bytes = new byte[2 * sizeof(long)];
        using var file = File.OpenRead(path);
        _ = file.ReadAtLeast(bytes, bytes.Length, throwOnEndOfStream: false);
        return (
            BinaryPrimitives.ReadInt64LittleEndian(bytes),
            BinaryPrimitives.ReadInt64LittleEndian(bytes.AsSpan(sizeof(long)))
        );
    }
}
