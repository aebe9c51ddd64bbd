using System.Diagnostics;

namespace Tspm.Integration.Tests;

/// <summary>A file system that is mounted for one test; needs root.</summary>
internal sealed class TestMount : IAsyncDisposable
{
    private TestMount(string root) => Root = root;

    /// <summary>Where it is.</summary>
    public string Root { get; }

    /// <summary>Mounts one; the test is skipped where that cannot be.</summary>
    /// <param name="words">What mount is told before the directory.</param>
    public static TestMount Of(params string[] words)
    {
        Assert.SkipUnless(Environment.UserName == "root", "only root can mount a file system");
        var root = Directory.CreateTempSubdirectory("tsm").FullName;
        var fault = Run("mount", [.. words, root]);
        if (fault.Length > 0)
        {
            Directory.Delete(root);
        }

        Assert.SkipWhen(fault.Length > 0, $"no file system can be mounted here: {fault}");
        return new TestMount(root);
    }

    /// <summary>Not a byte is left.</summary>
    public void Fill()
    {
        using var file = File.Create(Filler, 1);
        var block = new byte[4096];
        try
        {
            while (true)
            {
                file.Write(block);
            }
        }
        catch (IOException)
        {
            // Full, as wished.
        }
    }

    /// <summary>What was filled is free again.</summary>
    public void Free() => File.Delete(Filler);

    public ValueTask DisposeAsync()
    {
        Run("umount", "-l", Root);
        Directory.Delete(Root);
        return ValueTask.CompletedTask;
    }

    /// <summary>Runs a program to its end; what it complained of, empty if all went well.</summary>
    public static string Run(string program, params string[] words)
    {
        var start = new ProcessStartInfo(program, words)
        {
            UseShellExecute = false,
            RedirectStandardError = true,
        };
        using var process = Process.Start(start)!;
        var errors = process.StandardError.ReadToEnd();
        process.WaitForExit();
        return process.ExitCode == 0 ? "" : errors + $"exit {process.ExitCode}";
    }

    private string Filler => Path.Join(Root, "filler");
}
