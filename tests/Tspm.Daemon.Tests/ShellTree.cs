using System.Diagnostics;
using System.Globalization;
using Tspm.Daemon.Supervision;

namespace Tspm.Daemon.Tests;

/// <summary>A shell and what it started; all of it waits on our end of a pipe, so it cannot outlive the tests.</summary>
internal sealed class ShellTree : IDisposable
{
    private readonly Process _leader;
    private readonly List<int> _pids = [];

    public ShellTree(string script, int printed, Guid? mark = null, string argument = "")
    {
        var start = new ProcessStartInfo("/bin/sh")
        {
            ArgumentList = { "-c", script, "sh", argument },
            UseShellExecute = false,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
        };
        start.Environment.Remove("TSPM_RUN");
        if (mark is { } runId)
        {
            start.Environment["TSPM_RUN"] = runId.ToString();
        }

        _leader = Process.Start(start)!;
        StartTime = ProcFacts.Read(_leader.Id)?.StartTime ?? 0;
        for (var i = 0; i < printed; i++)
        {
            _pids.Add(int.Parse(_leader.StandardOutput.ReadLine()!, CultureInfo.InvariantCulture));
        }
    }

    public int Leader => _leader.Id;

    public ulong StartTime { get; }

    /// <summary>What the scripts printed of themselves, ascending.</summary>
    public IReadOnlyList<int> Pids => [.. _pids.Order()];

    public void WaitForLeader() => _leader.WaitForExit();

    public void Dispose()
    {
        foreach (var pid in _pids.Append(_leader.Id))
        {
            try
            {
                using var process = Process.GetProcessById(pid);
                process.Kill();
            }
            catch (ArgumentException)
            {
                // It has ended already.
            }
            catch (InvalidOperationException)
            {
                // It ended between the two calls.
            }
        }

        _leader.Dispose();
    }
}
