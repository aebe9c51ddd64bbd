using System.Threading.Channels;
using Microsoft.Extensions.Logging;
using Tspm.CaptureLog;
using Tspm.Daemon.Logging;
using Tspm.Daemon.Supervision;
using Tspm.Logs;

namespace Tspm.Daemon.Crashes;

/// <summary>Writes crash reports, away from the supervisors: a restart does not wait for them.</summary>
internal sealed class CrashRecorder : IAsyncDisposable
{
    private const int Entries = 1_000;
    private const int OfEachStream = 100;
    private readonly HomePaths _home;
    private readonly ILogger _log;

    // Full means that programs crash faster than a disk takes reports: the newest is left out, its log is still there.
    private readonly Channel<CrashJob> _queue = Channel.CreateBounded<CrashJob>(
        new BoundedChannelOptions(256)
        {
            SingleReader = true,
            FullMode = BoundedChannelFullMode.DropWrite,
        }
    );
    private readonly Task _loop;

    /// <summary>Starts the loop.</summary>
    public CrashRecorder(HomePaths home, ILogger log)
    {
        _home = home;
        _log = log;
        _loop = Task.Run(RunAsync);
    }

    /// <summary>A run is over and its output complete: a failed one gets a report, a good one is remembered.</summary>
    /// <returns>The record with what is remembered.</returns>
    public static ProcessRecord Judge(
        CrashRecorder recorder,
        ProcessLog log,
        ProcessRecord process,
        RunState state
    )
    {
        var number = state.Run;
        if (process.Runs.FirstOrDefault(run => run.Run == number) is not { EndedAt: { } ended } run)
        {
            return process;
        }

        if (RunReport.IsFailure(run))
        {
            recorder.Record(new CrashJob(log, process, run, state.LogHead));
            return process;
        }

        var isGood =
            run is { Signal: 0, Code: 0 }
            || (ended - run.StartedAt).TotalMilliseconds >= process.Spec.Restart.MinUptimeMs;
        return isGood
            ? process with
            {
                LastGood = new GoodRun(number, ended, RunSetup.Of(process.Spec)),
            }
            : process;
    }

    /// <summary>Has a report written of a run whose output is complete; never blocks.</summary>
    private void Record(CrashJob job) => _queue.Writer.TryWrite(job);

    /// <summary>Writes what waits.</summary>
    public async ValueTask DisposeAsync()
    {
        _queue.Writer.TryComplete();
        await _loop;
    }

    private async Task RunAsync()
    {
        await foreach (var job in _queue.Reader.ReadAllAsync())
        {
            try
            {
                Write(job);
            }
            catch (IOException error)
            {
                DaemonLog.ReportFailed(_log, job.Process.Spec.Name, job.Run.Run, error.Message);
            }
            catch (UnauthorizedAccessException error)
            {
                DaemonLog.ReportFailed(_log, job.Process.Spec.Name, job.Run.Run, error.Message);
            }
            catch (ObjectDisposedException)
            {
                // The process was deleted meanwhile, with its log.
            }
        }
    }

    private void Write(CrashJob job)
    {
        var (log, process, run, since) = job;
        if (!Directory.Exists(_home.Process(process.Id)))
        {
            return;
        }

        var lines = LogExtract.Read(log, run.Run, Entries, OfEachStream, since, out var before);
        var report = RunReport.Of(process, run) with
        {
            Entries = lines.Count,
            EntriesBefore = before,
        };
        new CrashReports(_home, process.Id).Write(report, lines);
    }
}

/// <summary>A run whose report is to be written.</summary>
/// <param name="Log">Its log.</param>
/// <param name="Process">Its process, as it was.</param>
/// <param name="Run">The run.</param>
/// <param name="Since">The newest entry of the log when it began.</param>
internal sealed record CrashJob(ProcessLog Log, ProcessRecord Process, RunRecord Run, long Since);
