using System.Diagnostics;

namespace Tspm.Compare;

/// <summary>A way from a child's output to a reader: a floor without a manager, or a manager.</summary>
internal abstract class Target(string name, string directory)
{
    private readonly List<Process> _started = [];

    public string Name { get; } = name;

    protected string Directory { get; } = directory;

    /// <summary>Processes of the manager; none for a floor.</summary>
    public virtual IReadOnlyList<int> ManagerPids => [];

    /// <summary>Begins the child and a follower that is piped into the reader.</summary>
    public abstract void Begin(string writer, string reader);

    /// <summary>Forgets the child and ends the follower.</summary>
    public virtual void End()
    {
        foreach (var process in _started)
        {
            if (!process.HasExited)
            {
                process.Kill(entireProcessTree: true);
            }

            process.WaitForExit();
            process.Dispose();
        }

        _started.Clear();
    }

    /// <summary>Ends the manager and everything it runs.</summary>
    public virtual void Close() => End();

    public Process Spawn(string line)
    {
        var start = new ProcessStartInfo("/bin/bash") { ArgumentList = { "-c", line } };
        Prepare(start);
        var process = Process.Start(start)!;
        _started.Add(process);
        return process;
    }

    public string Run(string program, params string[] arguments)
    {
        var start = new ProcessStartInfo(program, arguments)
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            UseShellExecute = false,
        };
        Prepare(start);
        using var process = Process.Start(start)!;
        var errors = process.StandardError.ReadToEndAsync();
        var output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return process.ExitCode == 0
            ? output
            : throw new InvalidOperationException(
                $"{program} {string.Join(' ', arguments)}: {process.ExitCode}\n{output}{errors.Result}"
            );
    }

    protected virtual void Prepare(ProcessStartInfo start) { }
}
