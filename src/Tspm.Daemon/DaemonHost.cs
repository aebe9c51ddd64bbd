using System.Globalization;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using System.Text;
using Microsoft.Win32.SafeHandles;
using SmartIpc.Connections;
using SmartIpc.Requests;
using Tspm.CaptureLog;
using Tspm.CaptureLog.Control;
using Tspm.Daemon.Crashes;
using Tspm.Daemon.Hooks;
using Tspm.Daemon.Ingest;
using Tspm.Daemon.Interop;
using Tspm.Daemon.Ipc;
using Tspm.Daemon.Keeper;
using Tspm.Daemon.Logging;
using Tspm.Daemon.Persistence;
using Tspm.Daemon.Resources;
using Tspm.Daemon.Schedule;
using Tspm.Daemon.Supervision;
using Tspm.Daemon.Topics;
using Tspm.Daemon.Watch;
using Tspm.Logs;
using Tspm.Protocol.Messages;

namespace Tspm.Daemon;

/// <summary>A daemon from its lock to its end: builds everything, reads the journal up, serves, and stops in reverse order.</summary>
public static class DaemonHost
{
    /// <summary>The format of the saved list.</summary>
    public const int ListFormat = ProcessList.CurrentFormat;

    private const int LostLock = 76;
    private const int Replace = 77;
    private const int Failed = 1;
    private static readonly TimeSpan AnswerDeadline = TimeSpan.FromMilliseconds(200);
    private static readonly TimeSpan AnswerPause = TimeSpan.FromMilliseconds(1);
    private static readonly TimeSpan HandoverRetry = TimeSpan.FromMilliseconds(50);

    /// <summary>Runs a daemon until it is told to end.</summary>
    /// <returns>The exit code, which the keeper understands.</returns>
    public static async Task<int> RunAsync(DaemonOptions options)
    {
        using var held = LibC.OpenLock(options.Home.DaemonLock);
        if (held.IsInvalid || !LibC.TryLock(held))
        {
            return LostLock;
        }

        WritePid(held);
        var time = TimeProvider.System;
        using var log = new JsonFileLogger(options.Home.DaemonLog, time);
        DaemonLog.Started(log, options.Version, Environment.ProcessId, options.Home.Root);
        try
        {
            await using var life = new DaemonLife(options, log, time);
            var end = await life.RunAsync();
            return end switch
            {
                DaemonEnd.Replace => Replace,
                DaemonEnd.Failed => Failed,
                _ => 0,
            };
        }
        catch (SocketException error)
        {
            DaemonLog.Stopping(log, error.Message);
            return Failed;
        }
        catch (IOException error)
        {
            DaemonLog.Stopping(log, error.Message);
            return Failed;
        }
    }

    /// <summary>What the saved list of a home holds; nothing if there is none that can be read.</summary>
    public static IReadOnlyList<SavedProcess> ReadSaved(HomePaths home)
    {
        ArgumentNullException.ThrowIfNull(home);
        return
        [
            .. ProcessListFile
                .ReadWhole(home.ProcessList)
                .Processes.Select(process => new SavedProcess(
                    process.Id,
                    process.Spec.Name,
                    process.Spec.Stop.TimeoutMs
                )),
        ];
    }

    private static void WritePid(SafeFileHandle held)
    {
        var text = Environment.ProcessId.ToString(CultureInfo.InvariantCulture).PadRight(10) + "\n";
        RandomAccess.Write(held, Encoding.ASCII.GetBytes(text), 0);
        CrashPoint.Pass(CrashPoint.DaemonLocked);
    }

    /// <summary>Everything that lives as long as one daemon.</summary>
    private sealed class DaemonLife : IAsyncDisposable
    {
        private readonly DaemonOptions _options;
        private readonly JsonFileLogger _log;
        private readonly TimeProvider _time;
        private readonly ProcessRegistry _registry;
        private readonly TaskCompletionSource<DaemonEnd> _end = new(
            TaskCreationOptions.RunContinuationsAsynchronously
        );
        private readonly string _daemonId = Guid.NewGuid().ToString("N");
        private readonly HeldRuns _held = new();
        private readonly DescendantFinder _finder = new(Environment.ProcessId);
        private KeeperLink? _keeper;
        private IngestThread? _ingest;
        private LogIngest? _logs;
        private DaemonHandlers? _handlers;
        private IpcServer? _server;
        private StoreUpkeep? _upkeep;
        private UnknownRuns? _unknown;
        private Task _resurrecting = Task.CompletedTask;
        private readonly CrashRecorder _crashes;
        private readonly SyncClock _sync = new();
        private readonly Sampler _sampler;
        private readonly HookDesk _hooks;
        private readonly DiskTroubles _disk = new();
        private Task[] _watches = [];
        private FileWatches? _fileWatches;
        private Schedules? _schedules;

        public DaemonLife(DaemonOptions options, JsonFileLogger log, TimeProvider time)
        {
            _options = options;
            _log = log;
            _time = time;
            _crashes = new CrashRecorder(options.Home, log);
            _registry = new ProcessRegistry(
                new ProcessListFile(options.Home.ProcessList, time),
                time,
                log
            );
            _hooks = new HookDesk(time, log);
            _sampler = new Sampler(
                new SampleRound(time, () => _finder.NeverOurs),
                new SampledProcesses(_registry, time),
                time,
                log
            );
        }

        public async Task<DaemonEnd> RunAsync()
        {
            using var terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, OnSignal);
            using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, OnSignal);
            using var hangUp = PosixSignalRegistration.Create(
                PosixSignal.SIGHUP,
                context => context.Cancel = true
            );
            await StartAsync();
            var end = await _end.Task;
            DaemonLog.Stopping(_log, end.ToString());
            var watches = _fileWatches!.DisposeAsync().AsTask(); // set in StartAsync
            var schedules = _schedules!.DisposeAsync().AsTask(); // set in StartAsync

            // Set in StartAsync.
            if (end == DaemonEnd.StopAll)
            {
                await _handlers!.StopAllAsync(-1);
            }

            if (end is DaemonEnd.Shutdown or DaemonEnd.StopAll)
            {
                await _keeper!.ShutdownAsync(CancellationToken.None);
            }

            await AnswerAsync();
            var isLast = end is DaemonEnd.Shutdown or DaemonEnd.StopAll;
            await _server!.StopAsync(
                isLast ? ByeReason.Stop : ByeReason.Handover,
                isLast ? "the daemon was shut down" : "the daemon is replaced",
                HandoverRetry
            );
            await _sampler.DisposeAsync();
            await _registry.DisposeAsync();
            await _hooks.DisposeAsync();
            await watches;
            await schedules;

            // Its commands are answered when the supervisors end.
            await _resurrecting;
            await _upkeep!.DisposeAsync();
            await _crashes.DisposeAsync();
            await _ingest!.StopAsync();
            await _unknown!.DisposeAsync();
            return end;
        }

        /// <summary>Whoever asked for the end gets its answer first; others are not waited for long.</summary>
        private async Task AnswerAsync()
        {
            var begin = _time.GetTimestamp();
            while (
                _server!.GetPeers().Any(peer => peer.OpenRequests > 0) // set in StartAsync
                && _time.GetElapsedTime(begin) < AnswerDeadline
            )
            {
                await Task.Delay(AnswerPause, _time);
            }
        }

        public async ValueTask DisposeAsync()
        {
            if (_server is { } server)
            {
                await server.DisposeAsync();
            }

            await _crashes.DisposeAsync();
            _ingest?.Dispose();
            if (_keeper is { } keeper)
            {
                await keeper.DisposeAsync();
            }

            _held.Dispose();
        }

        private async Task StartAsync()
        {
            _keeper = await KeeperLink.ConnectAsync(
                _options.Home,
                _options.KeeperCommand,
                _held,
                _log,
                _time,
                CancellationToken.None
            );
            _finder.Exclude(_keeper.Pid);
            _keeper.Replaced += hello => _finder.Exclude((int)hello.Pid);
            _keeper.TerminateAsked += () => _end.TrySetResult(DaemonEnd.StopAll);
            var recorder = new RunRecorder(_registry)
            {
                Synced = () => _upkeep?.OnSynced(),
                Held = _held,
                Sync = _sync,
                Disk = _disk,
            };
            _logs = new LogIngest(_options.Home, _options.Logs.Validate(), recorder);
            _ingest = new IngestThread(_options.Home, _logs, _log);
            _unknown = new UnknownRuns(_registry, _ingest);
            _keeper.Replaced += _unknown.OnReplaced;
            _upkeep = new StoreUpkeep(_options.Home, _registry, _ingest, _time, _log);
            _keeper.NumberedTo = process => _logs.Find(process)?.NumberedTo ?? default;
            var terminals = new TerminalFeeds();
            _logs.Chunks = terminals.OnChunk;
            var topics = new LogTopicSource(_registry, terminals, _options.Home);
            var services = MakeServices();
            var factory = new ProcessFactory(_registry, services, _logs, topics);
            services.ForgetAsync = factory.ForgetAsync;
            Load(factory);
            CrashPoint.Pass(CrashPoint.InRecovery);
            _ingest.Start();
            await _ingest.CaughtUp;
            await ReportReplacedAsync();
            Resume(recorder);
            _sampler.Start();
            _fileWatches = new FileWatches(_registry, _options.Home.Root, _time, _log);
            _schedules = new Schedules(_registry, _time);
            Serve(factory, topics);
            CrashPoint.Pass(CrashPoint.BeforeServing);
            await _keeper.ServingAsync(CancellationToken.None);
            WatchTasks();
            if (_options.Resurrect)
            {
                _resurrecting = new Resurrection(_registry, factory).StartAsync(isDry: false);
            }
        }

        /// <summary>The journal is read: what goes on goes on, what was lost is told, then every supervisor begins.</summary>
        private void Resume(RunRecorder recorder)
        {
            var goesOn = _registry.IsSameKeeper && !recorder.FollowsShutdown;
            if (!goesOn)
            {
                LeaveEnded();
            }

            SettleLost(recorder, goesOn);
            foreach (var process in _registry.All.Where(_ => goesOn))
            {
                process.Post(new ResumeMessage());
            }

            foreach (var process in _registry.All)
            {
                process.Start();
            }
        }

        private SupervisorServices MakeServices() =>
            new()
            {
                // Both set before this is called.
                Keeper = _keeper!,
                Held = _held,
                Ingest = _ingest!,
                Time = _time,
                Log = _log,
                Home = _options.Home,
                Options = _options,
                Past = StorePast.Find(_options.Home, BootId.First8),
                Finder = _finder,
                Others = _registry.Others,
                Cgroups = Cgroups.Find(),
                SaveAsync = _registry.SaveAsync,
                SaveUnsyncedAsync = _registry.SaveUnsyncedAsync,
                Crashes = _crashes,
                Sync = _sync,
                Sampler = _sampler,
                Hooks = _hooks,
                Disk = _disk,
                NextStartOrder = _registry.NextStartOrder,
            };

        private void Load(ProcessFactory factory)
        {
            var living = _keeper!.Runs.ToDictionary(run => (run.Process, run.Run)); // set before this is called
            _registry.Keeper = BootIdentity.Read();
            _registry.Home = HomeIdentity.Read(_options.Home);
            foreach (var saved in _registry.Load(HighestUsedId()))
            {
                var process = factory.Open(saved);
                // The newest that is open: after a reload that failed it is not the newest of all.
                var last = saved.Runs.FirstOrDefault(run => !run.IsClosed);
                if (last is not null)
                {
                    var isKept = living.TryGetValue((saved.Id, last.Run), out var kept);
                    Adopt(process, last, isKept ? kept : null);
                }

                foreach (var old in saved.Runs.Where(run => !run.IsClosed && run != last))
                {
                    LeaveOld(process, old, living);
                }

                _registry.Add(process);
            }
        }

        /// <summary>A run that was not closed: it lives, or the journal will tell how it ended, or nobody knows.</summary>
        private void Adopt(ProcessSupervisor process, RunRecord last, KeptRun? kept)
        {
            var age = Math.Max(0, (_time.GetUtcNow() - last.StartedAt).TotalSeconds);
            var allStreams = RunState.AllStreams(process.Record.Spec);
            var run = new RunState(last.Run, last.RunId, (int?)kept?.OpenStreams ?? allStreams)
            {
                Pid = (int?)kept?.Pid ?? last.Pid,
                StartTime = kept?.StartTime ?? last.StartTime,
                StartedWall = last.StartedAt,
                IsReady = last.IsReady,
                StartedAt = _time.GetTimestamp() - (long)(age * _time.TimestampFrequency),
                Outcome = last.EndedAt is null
                    ? null
                    : new RunOutcome(last.Signal == 0 ? last.Code : null, last.Signal),
                Uptime = (last.EndedAt ?? last.StartedAt) - last.StartedAt,
            };
            process.Adopt(run);
            if (kept is { HasExited: false } living)
            {
                DaemonLog.RunAdopted(_log, process.Record.Spec.Name, living.Run, (int)living.Pid);
            }
        }

        /// <summary>A reload was under way: the newest run goes on, the older one is ended.</summary>
        private static void LeaveOld(
            ProcessSupervisor process,
            RunRecord old,
            Dictionary<(uint, uint), KeptRun> living
        )
        {
            if (living.TryGetValue((process.Record.Id, old.Run), out var kept) && !kept.HasExited)
            {
                var run = new RunState(old.Run, old.RunId, (int)kept.OpenStreams)
                {
                    Pid = (int)kept.Pid,
                    StartTime = kept.StartTime,
                    StartedWall = old.StartedAt,
                };
                process.Leave(run);
            }
        }

        /// <summary>Runs whose end neither the keeper nor the journal knows: one of them is new, or the machine is.</summary>
        private void SettleLost(RunRecorder recorder, bool goesOn)
        {
            foreach (var process in _registry.All)
            {
                var isLost =
                    process.Run is { } run
                    && _keeper!.Runs.All(kept =>
                        kept.Process != process.Record.Id || kept.Run != run.Run
                    ) // set before this is called
                    && (
                        run.Outcome is not null || !recorder.HasSeenExit(process.Record.Id, run.Run)
                    );
                if (isLost)
                {
                    process.Post(new LostMessage(goesOn));
                }
            }
        }

        /// <summary>The machine or tspm ended: what ran then is remembered, and started when somebody says so.</summary>
        private void LeaveEnded()
        {
            var living = _keeper!
                .Runs.Where(run => !run.HasExited)
                .Select(run => (run.Process, run.Run))
                .ToHashSet(); // set before this is called
            foreach (var process in _registry.All)
            {
                if (process.Run is not { } run || !living.Contains((process.Record.Id, run.Run)))
                {
                    process.LeaveStopped(_registry.IsOfOtherHome);
                }
            }
        }

        private async Task ReportReplacedAsync()
        {
            foreach (
                var process in _registry.All.Where(process => process.Run is { Outcome: null })
            )
            {
                var body = SupervisorServices.Body(
                    new LogEvent
                    {
                        What = LogEvents.DaemonReplaced,
                        Run = process.Record.Run,
                        Pid = Environment.ProcessId,
                    }
                );
                await _ingest!.AppendEventAsync(process.Log, process.Record.Run, body); // set before this is called
            }
        }

        private void Serve(ProcessFactory factory, LogTopicSource topics)
        {
            var table = new RequestTable();
            new ProcessHandlers(_registry, factory, _sampler, _time).Register(table);
            new SupervisionHandlers(_registry, factory, _time).Register(table);
            var catalog = new RegistryCatalog(_registry);
            new LogHandlers(catalog).Register(table);
            new VerifyHandlers(catalog, _options.Home).Register(table);
            new StoreHandlers(_registry, _ingest!).Register(table); // set before this is called
            new InputHandlers(_registry, _keeper!, _time).Register(table); // set before this is called
            new ResourceHandlers(_registry, _sampler, _time).Register(table);
            new WhyHandlers(_registry, _options.Home, _time).Register(table);
            _handlers = new DaemonHandlers(
                _options,
                _daemonId,
                _registry,
                _ingest!,
                _keeper!,
                _time,
                () => _server!, // set below, before anybody can ask; the others are set before this is called
                end => _end.TrySetResult(end)
            );
            _handlers.Register(table);
            new ListFileHandlers(
                _registry,
                new Resurrection(_registry, factory),
                _options.Home.ProcessList,
                _time
            ).Register(table);
            var options = new IpcServerOptions
            {
                SocketPath = _options.Home.Socket,
                DaemonId = _daemonId,
                Version = _options.Version,
                BuildId = _options.BuildId,
                // Fifty commands at once on a busy machine take their time until each says hello.
                HandshakeDeadline = TimeSpan.FromSeconds(10),
            };
            _server = new IpcServer(options, table, topics, new IpcLog(_log));
            _server.Start();
        }

        private void WatchTasks()
        {
            // Set before this is called.
            _watches = [FailAfterAsync(_ingest!.Ended)];
        }

        private async Task FailAfterAsync(Task ended)
        {
            await Task.WhenAny(ended);
            _end.TrySetResult(DaemonEnd.Failed);
        }

        private void OnSignal(PosixSignalContext context)
        {
            context.Cancel = true;
            _end.TrySetResult(DaemonEnd.Stop);
        }

        private uint HighestUsedId()
        {
            var highest = 0u;
            foreach (var directory in Directory.EnumerateDirectories(_options.Home.Processes))
            {
                var isId = uint.TryParse(
                    Path.GetFileName(directory),
                    NumberStyles.None,
                    CultureInfo.InvariantCulture,
                    out var id
                );
                highest = isId ? Math.Max(highest, id) : highest;
            }

            return highest;
        }
    }
}

/// <summary>A process of the saved list, as far as a command without a daemon needs it.</summary>
/// <param name="Id">Its id.</param>
/// <param name="Name">Its name.</param>
/// <param name="GraceMs">Time until SIGKILL when it is stopped.</param>
public readonly record struct SavedProcess(uint Id, string Name, int GraceMs);
