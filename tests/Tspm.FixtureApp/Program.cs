using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;
using Microsoft.Win32.SafeHandles;

namespace Tspm.FixtureApp;

/// <summary>A child that does what its words say, one after the other: <c>kid print 3 hex 61ff0a wait FILE exit 7</c>.</summary>
internal static class Program
{
    private static readonly List<PosixSignalRegistration> Deaf = [];
    private static readonly List<byte[]> Held = [];
    private static FileStream? _record;

    private static int Main(string[] words)
    {
        using var output = Open(1);
        using var errors = Open(2);
        for (var at = 0; at < words.Length; at++)
        {
            string Next() => words[++at];
            switch (words[at])
            {
                case "print": // N numbered lines
                    for (int i = 1, count = Number(Next()); i <= count; i++)
                    {
                        Write(output, Encoding.ASCII.GetBytes($"line {i}\n"));
                    }

                    break;
                case "err": // one line on stderr
                    Write(errors, Encoding.UTF8.GetBytes(Next() + "\n"));
                    break;
                case "hex": // these bytes
                    Write(output, Convert.FromHexString(Next()));
                    break;
                case "fill": // N times the letter z, without newline
                    var fill = new byte[Number(Next())];
                    fill.AsSpan().Fill((byte)'z');
                    Write(output, fill);
                    break;
                case "noise": // SEED N: N writes of random bytes
                    Noise(output, Number(Next()), Number(Next()));
                    break;
                case "flow": // RATE COUNT STOP RECORD: numbered lines, COUNT of them (0: until STOP is there); their number to RECORD
                    Flow.Write(output, Number(Next()), Number(Next()), Next(), Next());
                    break;
                case "ledger": // RATE DIRECTORY: numbered lines until SIGTERM; DIRECTORY/$TSPM_RUN tells how many
                    Ledger.Write(output, Number(Next()), Next());
                    break;
                case "record": // from here on every byte of stdout goes to this file first
                    _record = File.Create(Next());
                    break;
                case "wait": // until this file is there
                    WaitFor(Next());
                    break;
                case "deaf": // SIGTERM is ignored
                    Deaf.Add(
                        PosixSignalRegistration.Create(
                            PosixSignal.SIGTERM,
                            context => context.Cancel = true
                        )
                    );
                    break;
                case "grow": // so many MiB, all touched
                    Held.Add(new byte[Number(Next()) * 1024 * 1024]);
                    Held[^1].AsSpan().Fill(1);
                    break;
                case "sleep": // for ever
                    Thread.Sleep(Timeout.Infinite);
                    break;
                case "exit":
                    _record?.Dispose();
                    return Number(Next());
                default:
                    Console.Error.WriteLine($"kid does not know \"{words[at]}\"");
                    return 64;
            }
        }

        _record?.Dispose();
        return 0;
    }

    private static FileStream Open(int descriptor) =>
        new(new SafeFileHandle(descriptor, ownsHandle: false), FileAccess.Write, 0);

    private static void Write(FileStream output, ReadOnlySpan<byte> bytes)
    {
        _record?.Write(bytes);
        output.Write(bytes);
    }

    private static void Noise(FileStream output, int seed, int writes)
    {
        var random = new Random(seed);
        for (var i = 0; i < writes; i++)
        {
            var bytes = new byte[random.Next(1, 3000)];
            random.NextBytes(bytes);
            // A bare carriage return replaces the text before it: that is another test's matter.
            bytes.AsSpan().Replace((byte)'\r', (byte)0);
            // Newlines often enough that there are lines of every length.
            for (var at = random.Next(200); at < bytes.Length; at += random.Next(1, 400))
            {
                bytes[at] = (byte)'\n';
            }

            Write(output, bytes);
        }
    }

    private static void WaitFor(string path)
    {
        using var watcher = new FileSystemWatcher(
            Path.GetDirectoryName(path)!,
            Path.GetFileName(path)
        );
        watcher.EnableRaisingEvents = true;
        while (!File.Exists(path))
        {
            watcher.WaitForChanged(WatcherChangeTypes.All, 1000);
        }
    }

    private static int Number(string text) => int.Parse(text, CultureInfo.InvariantCulture);
}
