using System.Text.Json;

namespace Tspm.Integration.Tests;

/// <summary>Runs a command line in a pseudo-terminal (python's pty), types into it, and gives what it wrote.</summary>
internal static class Terminal
{
    // Arguments: columns, seconds, then JSON of [text to type, text to wait for] pairs; $CMD is the shell line.
    private const string Driver = """
        import fcntl, json, os, pty, select, signal, struct, sys, termios, time
        columns, seconds, steps = int(sys.argv[1]), float(sys.argv[2]), json.loads(sys.argv[3])
        pid, fd = pty.fork()
        if pid == 0:
            # Who started the tests in the background has SIGINT ignored, and would hand that on.
            signal.signal(signal.SIGINT, signal.SIG_DFL)
            fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
            os.execvp("/bin/bash", ["bash", "-c", os.environ["CMD"]])
        end, out, seen = time.monotonic() + seconds, b"", 0
        def read():
            global out
            if not select.select([fd], [], [], 0.05)[0]:
                return True
            try:
                piece = os.read(fd, 65536)
            except OSError:
                return False
            out += piece
            return len(piece) > 0
        for text, wanted in steps:
            os.write(fd, text.encode())
            while wanted.encode() not in out[seen:] and time.monotonic() < end and read():
                pass
            if wanted.encode() not in out[seen:]:
                sys.stdout.write("NOT SEEN: " + wanted + "\n" + out.decode("utf8", "replace")); sys.exit(9)
            seen = len(out)
        while not steps and time.monotonic() < end and read():
            pass
        os.close(fd)
        os.waitpid(pid, 0)
        sys.stdout.write(out.decode("utf8", "replace"))
        """;

    /// <summary>What a shell line writes to a terminal, to its end.</summary>
    public static async Task<string> ShowAsync(TspmHome home, int columns, string line)
    {
        var result = await RunAsync(home, columns, line, []);
        return result.Output.Replace("\r\n", "\n", StringComparison.Ordinal);
    }

    /// <summary>Types texts, and waits after each for another; fails if one does not come.</summary>
    public static async Task<string> TypeAsync(
        TspmHome home,
        string line,
        params (string Typed, string Wanted)[] steps
    )
    {
        var result = await RunAsync(home, 100, line, steps);
        Assert.True(result.ExitCode == 0, result.ToString());
        return result.Output;
    }

    private static Task<CommandResult> RunAsync(
        TspmHome home,
        int columns,
        string line,
        (string Typed, string Wanted)[] steps
    )
    {
        var pairs = JsonSerializer.Serialize(
            steps.Select(step => new[] { step.Typed, step.Wanted })
        );
        return home.ShellAsync(
            $"CMD={Quote(line)} exec python3 -c {Quote(Driver)} {columns} 90 {Quote(pairs)}"
        );
    }

    private static string Quote(string text) =>
        $"'{text.Replace("'", "'\\''", StringComparison.Ordinal)}'";
}
