using System.Globalization;
using System.Threading.Channels;
using Microsoft.Extensions.Logging;
using Tspm.Daemon.Logging;
using Tspm.Daemon.Supervision;
using Tspm.Protocol.Messages;

namespace Tspm.Daemon.Hooks;

/// <summary>Tells hooks what happens, beside supervision: nothing waits for it, and what fails is told in the log.</summary>
/// <remarks>
/// Events of one process are told in their order, by one of four workers. Events about hooks are told to no hook. What is
/// under way or waits when the daemon leaves is let go; the log has all events.
/// </remarks>
internal sealed class HookDesk : IAsyncDisposable
{
    private const int Workers = 4;

    /// <summary>The pause before the second try; each later one is twice the one before.</summary>
    private static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(500);
    private readonly TimeProvider _time;
    private readonly ILogger _log;
    private readonly CancellationTokenSource _stopping = new();
    private readonly Lane[] _lanes;

    /// <summary>Begins.</summary>
    public HookDesk(TimeProvider time, ILogger log, int waiting = 64)
    {
        _time = time;
        _log = log;
        _lanes = [.. Enumerable.Range(0, Workers).Select(_ => new Lane(waiting))];
        foreach (var lane in _lanes)
        {
            lane.Loop = Task.Run(() => RunAsync(lane));
        }
    }

    /// <summary>Something happened to a process: its hooks are told soon. Never waits.</summary>
    public void Offer(ProcessRecord process, LogEvent told, Func<LogEvent, Task> tellAsync)
    {
        if (process.Spec.Hooks.Count == 0 || told.What == LogEvents.HookFailed)
        {
            return;
        }

        var spec = process.Spec;
        var message = new HookMessage(
            1,
            _time
                .GetUtcNow()
                .UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture),
            process.Id,
            spec.Ns,
            spec.Name,
            told
        );
        var lane = _lanes[process.Id % Workers];
        foreach (var hook in spec.Hooks.Where(hook => Means(hook, told)))
        {
            if (
                !lane.Jobs.Writer.TryWrite(
                    new HookJob(hook, message, spec.Cwd, spec.Env, tellAsync)
                )
            )
            {
                Interlocked.Increment(ref lane.Dropped);
            }
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync();
        foreach (var lane in _lanes)
        {
            await lane.Loop;
        }

        _stopping.Dispose();
    }

    private static bool Means(HookSpec hook, LogEvent told) =>
        hook.On.Contains(HookSpec.AllEvents)
        || hook.On.Contains(told.What)
        || (told.Next == "failed" && hook.On.Contains(LogEvents.Failed));

    private async Task RunAsync(Lane lane)
    {
        try
        {
            await foreach (var job in lane.Jobs.Reader.ReadAllAsync(_stopping.Token))
            {
                if (await CallAsync(job) is { } fault)
                {
                    await TellAsync(job, fault);
                }

                if (Interlocked.Exchange(ref lane.Dropped, 0) is > 0 and var dropped)
                {
                    await TellAsync(
                        job,
                        $"{dropped} events more came than wait; they were not told"
                    );
                }
            }
        }
        catch (OperationCanceledException) when (_stopping.IsCancellationRequested)
        {
            // The daemon leaves.
        }
        catch (Exception error)
        {
            // Supervision goes on without hooks of these processes.
            DaemonLog.HooksFailed(_log, error);
        }
    }

    private async Task<string?> CallAsync(HookJob job)
    {
        var pause = FirstPause;
        for (var tries = 1; ; tries++)
        {
            var fault = await HookCall.TryAsync(job, _time, _stopping.Token);
            _stopping.Token.ThrowIfCancellationRequested();
            if (fault is null || tries >= job.Hook.Tries)
            {
                return fault is null ? null : $"{fault}; tried {tries} times";
            }

            await Task.Delay(pause, _time, _stopping.Token);
            pause *= 2;
        }
    }

    private async Task TellAsync(HookJob job, string fault)
    {
        var what = job.Hook.Url ?? string.Join(' ', job.Hook.Command);
        try
        {
            await job.TellAsync(
                new LogEvent
                {
                    What = LogEvents.HookFailed,
                    Run = job.Message.Event.Run,
                    Message = $"{SecretWords.MaskLine(what)} for {job.Message.Event.What}: {fault}",
                }
            );
        }
        catch (InvalidOperationException)
        {
            // The process was deleted meanwhile, its log with it.
        }
        catch (IOException error)
        {
            DaemonLog.HookUntold(_log, job.Message.Name, error.Message);
        }
    }

    /// <summary>The events of a quarter of the processes.</summary>
    private sealed class Lane(int waiting)
    {
        // Full means that hooks are slower than events: the newest goes, and that is told.
        public readonly Channel<HookJob> Jobs = Channel.CreateBounded<HookJob>(
            new BoundedChannelOptions(waiting) { SingleReader = true }
        );
        public long Dropped;
        public Task Loop = Task.CompletedTask;
    }
}
