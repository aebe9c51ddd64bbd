using System.Text.Json;
using Microsoft.Extensions.Logging.Abstractions;
using Tspm.CaptureLog;
using Tspm.Daemon.Crashes;
using Tspm.Daemon.Hooks;
using Tspm.Daemon.Ingest;
using Tspm.Daemon.Keeper;
using Tspm.Daemon.Persistence;
using Tspm.Daemon.Resources;
using Tspm.Daemon.Supervision;
using Tspm.Logs;
using Tspm.Protocol.Messages;

namespace Tspm.Daemon.Tests.Runs;

/// <summary>One real supervisor with its loop, its run driver and its log, on a fake clock and a fake keeper.</summary>
/// <remarks>Tests wait for facts: whatever happens wakes them, and they look again.</remarks>
internal sealed class RunRig : IAsyncDisposable
{
    private const uint Id = 1;
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(30);
    private readonly TempFolder _folder = new();
    private readonly SemaphoreSlim _news = new(0);
    private readonly IngestThread _ingest;
    private readonly HookDesk _hooks;
    private readonly Sampler _sampler;
    private readonly CrashRecorder _crashes;
    private readonly ProcessRegistry _registry;
    private readonly HeldRuns _held = new();

    private RunRig(ProcessSpec spec)
    {
        var log = NullLogger.Instance;
        var home = new HomePaths(_folder["home"], _folder["home"]);
        Directory.CreateDirectory(home.Journal);
        using (var made = System.Diagnostics.Process.Start("mkfifo", [home.WakePipe]))
        {
            made.WaitForExit();
        }

        Time = new RigTime(Tell);
        Keeper = new FakeKeeper(Tell);
        var logs = new LogIngest(home, new LogStoreOptions(), new Deaf());
        _ingest = new IngestThread(home, logs, log);
        _hooks = new HookDesk(Time, log);
        _crashes = new CrashRecorder(home, log);
        _registry = new ProcessRegistry(new ProcessListFile(home.ProcessList, Time), Time, log);
        var finder = new DescendantFinder(Environment.ProcessId);
        _sampler = new Sampler(
            new SampleRound(Time, () => finder.NeverOurs),
            new SampledProcesses(_registry, Time),
            Time,
            log
        );
        var services = new SupervisorServices
        {
            Keeper = Keeper,
            Held = _held,
            Ingest = _ingest,
            Time = Time,
            Log = log,
            Sync = new SyncClock(),
            Disk = new DiskTroubles(),
            Crashes = _crashes,
            Home = home,
            Options = new DaemonOptions
            {
                Home = home,
                Version = "0",
                BuildId = "0",
            },
            Finder = finder,
            Others = _registry.Others,
            Hooks = _hooks,
            Sampler = _sampler,
            SaveAsync = _registry.SaveAsync,
            SaveUnsyncedAsync = _registry.SaveUnsyncedAsync,
            NextStartOrder = _registry.NextStartOrder,
        };
        var writer = LogWriter.Open(home, Id, new LogStoreOptions(), Time);
        logs.Add(writer);
        Process = new ProcessSupervisor(
            Records.Named("web") with
            {
                Id = Id,
                Spec = spec with { Cwd = home.Root },
            },
            writer,
            services
        );
        Process.Changed += _ => Tell();
        _registry.Add(Process);
        _ingest.Start();
        Process.Start();
    }

    /// <summary>The clock.</summary>
    public RigTime Time { get; }

    /// <summary>The keeper.</summary>
    public FakeKeeper Keeper { get; }

    /// <summary>The supervisor.</summary>
    public ProcessSupervisor Process { get; }

    /// <summary>A process that was not started.</summary>
    public static RunRig Make(Func<ProcessSpec, ProcessSpec> change) =>
        new(change(Records.Spec("/bin/true") with { Restart = new RestartSpec { Jitter = 0 } }));

    /// <summary>A process that runs.</summary>
    public static async Task<RunRig> StartAsync(Func<ProcessSpec, ProcessSpec> change)
    {
        var rig = Make(change);
        var started = await rig.Process.DoAsync(CommandVerb.Start);
        Assert.Null(started.Error);
        return rig;
    }

    /// <summary>Waits until something is so.</summary>
    public async Task UntilAsync(Func<bool> fact, string what)
    {
        while (!fact())
        {
            if (!await _news.WaitAsync(Deadline, TestContext.Current.CancellationToken))
            {
                Assert.Fail($"not within {Deadline}: {what}; it is {Process.Status}");
            }
        }
    }

    /// <summary>Waits for a state, and until all is done that comes with it.</summary>
    public async Task UntilAsync(ProcessStatus status)
    {
        await UntilAsync(() => Process.Status == status, $"{status}");
        await SettleAsync();
    }

    /// <summary>Waits until a run lives.</summary>
    public Task UntilRunsAsync(uint run) =>
        UntilAsync(
            () =>
                Process.Run is { Pid: > 0 } now
                && now.Run == run
                && Process.Status == ProcessStatus.Running,
            $"run {run} lives"
        );

    /// <summary>Ends when the loop has done all that was in its mailbox.</summary>
    public async Task SettleAsync() => await Process.EditAsync(record => record, "settled");

    /// <summary>The leader of the run under way ends, and then its output.</summary>
    public async Task EndAsync(int code, int signal = 0, bool withOutput = true)
    {
        var run = Process.Run!.Run; // the test knows that it runs
        Post(run, JournalRecordKind.Exited, StreamKind.Out, (ulong)code, (ulong)signal);
        if (withOutput)
        {
            EndOutput(run);
        }

        await SettleAsync();
    }

    /// <summary>The journal tells that a run lives; the keeper's own answer may come later.</summary>
    public void BeginRun(uint run) =>
        Post(run, JournalRecordKind.Spawned, StreamKind.Out, FakeKeeper.FirstPid + run, 1);

    /// <summary>Both streams of a run end.</summary>
    public void EndOutput(uint run)
    {
        Post(run, JournalRecordKind.StreamEnd, StreamKind.Out, 0, 0);
        Post(run, JournalRecordKind.StreamEnd, StreamKind.Err, 0, 0);
    }

    /// <summary>The life-cycle entries of its log, without those of <see cref="SettleAsync"/>.</summary>
    public IReadOnlyList<LogEvent> ReadEvents()
    {
        var log = Process.Log.Log;
        var spans = new LogSpan[256];
        var filter = new LogFilter(Out: false, Err: false, Events: true);
        var head = log.Facts.Head;
        var events = new List<LogEvent>();
        for (long after = 0; after < head; )
        {
            var read = log.Read(after, head, filter, spans, new LogRoom(1 << 20));
            foreach (var span in spans.AsSpan(0, read.Count))
            {
                var bytes = new byte[span.Length];
                var length = log.ReadBytes(span, bytes);
                events.Add(
                    JsonSerializer.Deserialize(
                        bytes.AsSpan(0, length),
                        ProtocolJsonContext.Default.LogEvent
                    )!
                );
            }

            after = read.UpTo;
        }

        return [.. events.Where(one => one.What != LogEvents.Changed)];
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _registry.DisposeAsync();
        await _sampler.DisposeAsync();
        await _hooks.DisposeAsync();
        await _crashes.DisposeAsync();
        await _ingest.StopAsync();
        _ingest.Dispose();
        _held.Dispose();
        _news.Dispose();
        _folder.Dispose();
    }

    private void Post(uint run, JournalRecordKind kind, StreamKind stream, ulong a, ulong b) =>
        Process.Post(
            new JournalMessage(
                new JournalRecord
                {
                    Kind = kind,
                    Process = Id,
                    Run = run,
                    Stream = stream,
                    A = a,
                    B = b,
                }
            )
        );

    private void Tell() => _news.Release();

    /// <summary>What the keeper writes is not there.</summary>
    private sealed class Deaf : IJournalObserver
    {
        public void OnRecord(in JournalRecord record) { }
    }
}
