using System.Text;

namespace Tspm.Cli.Launch;

/// <summary>Runs a program of the system to its end: arguments one by one, no shell.</summary>
internal static class Tool
{
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(2);

    /// <summary>Runs it.</summary>
    /// <param name="program">Looked up in PATH.</param>
    /// <param name="arguments">Its arguments.</param>
    /// <param name="input">What it reads; null for nothing.</param>
    /// <returns>How it ended; null if there is no such program.</returns>
    public static ToolResult? Run(
        string program,
        IReadOnlyList<string> arguments,
        string? input = null
    )
    {
        // Files without a name: nothing to clean up, and nobody waits for a reader.
        using var reads = LibC.OpenMemory();
        using var prints = LibC.OpenMemory();
        using var complains = LibC.OpenMemory();
        RandomAccess.Write(reads, Encoding.UTF8.GetBytes(input ?? ""), 0);
        var pid = LibC.StartTool([program, .. arguments], reads, prints, complains);
        if (pid == 0)
        {
            return null;
        }

        using var never = new ManualResetEventSlim();
        var begin = TimeProvider.System.GetTimestamp();
        int code;
        while (!LibC.TryReap(pid, out code))
        {
            if (TimeProvider.System.GetElapsedTime(begin) > Deadline)
            {
                LibC.Kill(pid);
                begin = TimeProvider.System.GetTimestamp();
            }

            never.Wait(Pause);
        }

        return new ToolResult(code, TextOf(prints), TextOf(complains));
    }

    private static string TextOf(Microsoft.Win32.SafeHandles.SafeFileHandle file)
    {
        var bytes = new byte[RandomAccess.GetLength(file)];
        var length = RandomAccess.Read(file, bytes, 0);
        return Encoding.UTF8.GetString(bytes, 0, length);
    }
}

/// <summary>How a program ended.</summary>
/// <param name="Code">Its exit code, or 128 and its signal.</param>
/// <param name="Output">What it printed.</param>
/// <param name="Errors">What it complained of.</param>
internal sealed record ToolResult(int Code, string Output, string Errors)
{
    /// <summary>The first line of its complaint.</summary>
    public string Reason =>
        (Errors.Length > 0 ? Errors : Output).Split('\n', 2)[0].Trim() is { Length: > 0 } line
            ? line
            : $"exit code {Code}";
}
