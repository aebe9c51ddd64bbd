using System.Net.Sockets;
using Microsoft.Extensions.Logging;
using Tspm.CaptureLog;
using Tspm.CaptureLog.Control;
using Tspm.Daemon.Logging;
using Tspm.Protocol.Messages;

namespace Tspm.Daemon.Keeper;

/// <summary>The daemon's keeper, whichever it is just now: when one dies another is started, gets what we hold, and is asked again.</summary>
/// <remarks>
/// Questions from any thread. A question whose keeper died is put to the next one: a spawn is recognised there by its run,
/// a signal may arrive twice.
/// </remarks>
internal sealed class KeeperLink : IKeeper, IAsyncDisposable
{
    private const int InputOutput = 5;
    private const int OtherStage = 5;
    private static readonly TimeSpan AnswerDeadline = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan KeeperDeadline = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan Look = TimeSpan.FromMilliseconds(10);
    private readonly HomePaths _home;
    private readonly HeldRuns _held;
    private readonly KeeperStarter _starter;
    private readonly ILogger _log;
    private readonly TimeProvider _time;
    private readonly CancellationTokenSource _stopping = new();
    private readonly Lock _gate = new();

    // Guarded by _gate: replaced when a keeper is lost, completed when the next one is there.
    private TaskCompletionSource<KeeperConnection> _current = NewCurrent();
    private Task _loop = Task.CompletedTask;
    private volatile bool _isServing;
    private volatile bool _isLeaving;

    private KeeperLink(
        HomePaths home,
        IReadOnlyList<string> keeperCommand,
        HeldRuns held,
        ILogger log,
        TimeProvider time
    )
    {
        _home = home;
        _held = held;
        _log = log;
        _time = time;
        _starter = new KeeperStarter(keeperCommand, home, log, time);
    }

    /// <inheritdoc/>
    public int Pid { get; private set; }

    /// <summary>The runs that the first keeper had when we connected.</summary>
    public IReadOnlyList<KeptRun> Runs { get; private set; } = [];

    /// <summary>Why there is no keeper just now; null if there is one.</summary>
    public string? Trouble { get; private set; } = "it is being looked for";

    /// <summary>Up to which offsets of out and err a process's output is numbered; its next run begins there at the earliest.</summary>
    public Func<uint, (ulong Out, ulong Err)> NumberedTo { get; set; } = _ => default;

    /// <summary>The keeper was asked to stop.</summary>
    public event Action? TerminateAsked;

    /// <summary>Another keeper is there.</summary>
    public event Action<KeeperHello>? Replaced;

    /// <summary>Connects to the keeper of a home, and stays connected to whoever is its keeper.</summary>
    /// <param name="home">The home.</param>
    /// <param name="keeperCommand">How a keeper is started; empty: none is started.</param>
    /// <param name="held">Gets what keepers give.</param>
    /// <param name="log">The daemon's log.</param>
    /// <param name="time">Time.</param>
    /// <param name="ct">Ends the wait for the first one.</param>
    public static async Task<KeeperLink> ConnectAsync(
        HomePaths home,
        IReadOnlyList<string> keeperCommand,
        HeldRuns held,
        ILogger log,
        TimeProvider time,
        CancellationToken ct
    )
    {
        var link = new KeeperLink(home, keeperCommand, held, log, time);
        link._loop = link.RunAsync();
        await link.GetCurrent().WaitAsync(ct);
        return link;
    }

    /// <summary>Tells the keeper, and every one after it, that clients are served.</summary>
    public async Task ServingAsync(CancellationToken ct)
    {
        _isServing = true;
        try
        {
            var connection = await GetCurrent().WaitAsync(ct);
            await connection.SendAsync(new ControlWriter().Finish(ControlKind.Serving, 0), ct);
        }
        catch (KeeperGoneException)
        {
            // The next one is told when it is there.
        }
    }

    /// <summary>Tells the keeper to end when all programs have ended, and not to start another daemon.</summary>
    public async Task ShutdownAsync(CancellationToken ct)
    {
        _isLeaving = true;
        var shutdown = new ControlWriter().Finish(ControlKind.Shutdown, 0);
        try
        {
            var connection = await GetCurrent().WaitAsync(KeeperDeadline, _time, ct);
            await connection.SendAsync(shutdown, ct);
        }
        catch (KeeperGoneException error)
        {
            DaemonLog.KeeperLost(_log, error.Message);
        }
        catch (TimeoutException error)
        {
            DaemonLog.KeeperLost(_log, error.Message);
        }
    }

    /// <inheritdoc/>
    public async Task<SpawnOutcome> SpawnAsync(
        uint process,
        uint run,
        Guid runId,
        ProcessSpec spec,
        CancellationToken ct
    )
    {
        var order = SpawnOrders.Of(process, run, runId, spec, NumberedTo(process));
        _held.Expect(process, run);
        var isAlive = false;
        try
        {
            var body = await AskAsync(order.Encode, ct);
            var answer =
                SpawnAnswer.Decode(body)
                ?? throw new IOException("the keeper's answer cannot be read");
            CrashPoint.Pass(CrashPoint.AfterSpawnAnswer);
            isAlive = answer.Errno == 0;
            return new SpawnOutcome(
                (int)answer.Errno,
                (int)answer.Stage,
                (int)answer.Pid,
                answer.StartTime
            );
        }
        catch (IOException error)
        {
            DaemonLog.KeeperRefused(_log, error.Message);
            return new SpawnOutcome(InputOutput, OtherStage, 0, 0);
        }
        finally
        {
            _held.Answered(process, run, isAlive);
        }
    }

    /// <inheritdoc/>
    public async Task<int> SignalAsync(
        uint process,
        uint run,
        int signal,
        bool toGroup,
        CancellationToken ct
    )
    {
        var order = new SignalOrder(process, run, (uint)signal, toGroup);
        try
        {
            return (int)new ControlReader(await AskAsync(order.Encode, ct)).U32();
        }
        catch (IOException error)
        {
            DaemonLog.KeeperRefused(_log, error.Message);
            return InputOutput;
        }
    }

    /// <inheritdoc/>
    public async Task<long> GetAllocatedBytesAsync(CancellationToken ct)
    {
        var body = await AskAsync(id => new ControlWriter().Finish(ControlKind.Stats, id), ct);
        return (long)new ControlReader(body).U64();
    }

    /// <inheritdoc/>
    public async Task<KeeperFacts?> GetFactsAsync(CancellationToken ct) =>
        KeeperFacts.Decode(
            await AskAsync(id => new ControlWriter().Finish(ControlKind.Facts, id), ct)
        );

    /// <inheritdoc/>
    public Task CutDrainAsync(uint process, uint run, CancellationToken ct) =>
        TellAsync(ControlKind.CutDrain, process, run, ct);

    /// <inheritdoc/>
    public Task CloseInputAsync(uint process, uint run, CancellationToken ct) =>
        TellAsync(ControlKind.CloseInput, process, run, ct);

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        _isLeaving = true;
        await _stopping.CancelAsync();
        await _loop;
        _stopping.Dispose();
    }

    private async Task TellAsync(ControlKind kind, uint process, uint run, CancellationToken ct)
    {
        try
        {
            await AskAsync(id => new ControlWriter().U32(process).U32(run).Finish(kind, id), ct);
        }
        catch (IOException error)
        {
            DaemonLog.KeeperRefused(_log, error.Message);
        }
    }

    private static TaskCompletionSource<KeeperConnection> NewCurrent() =>
        new(TaskCreationOptions.RunContinuationsAsynchronously);

    private Task<KeeperConnection> GetCurrent()
    {
        lock (_gate)
        {
            return _current.Task;
        }
    }

    private async Task<byte[]> AskAsync(
        Func<uint, ReadOnlyMemory<byte>> encode,
        CancellationToken ct
    )
    {
        var begin = _time.GetTimestamp();
        while (true)
        {
            var left = KeeperDeadline - _time.GetElapsedTime(begin);
            if (left <= TimeSpan.Zero)
            {
                throw new IOException($"there is no keeper: {Trouble}");
            }

            try
            {
                var connection = await GetCurrent().WaitAsync(left, _time, ct);
                return await connection.AskAsync(encode, ct);
            }
            catch (KeeperGoneException)
            {
                // The loop sees its end too; the question goes to the one after it.
                await Task.Delay(Look, _time, ct);
            }
            catch (TimeoutException late)
            {
                throw new IOException($"there is no keeper: {Trouble}", late);
            }
        }
    }

    /// <summary>From keeper to keeper.</summary>
    private async Task RunAsync()
    {
        try
        {
            while (!_stopping.IsCancellationRequested)
            {
                await using var connection = await FindAsync();
                var reason = await connection.Ended.WaitAsync(_stopping.Token);
                lock (_gate)
                {
                    _current = NewCurrent();
                }

                Pid = 0;
                Trouble = reason;
                if (_isLeaving)
                {
                    return;
                }

                DaemonLog.KeeperLost(_log, reason);
                _held.BeginGreeting();
                _starter.OnLost();
            }
        }
        catch (OperationCanceledException)
        {
            // The daemon leaves.
        }
    }

    /// <summary>Looks for a keeper, starts one if nobody does, and greets it.</summary>
    private async Task<KeeperConnection> FindAsync()
    {
        while (true)
        {
            try
            {
                return await GreetAsync();
            }
            catch (SocketException error)
            {
                Trouble = error.Message;
            }
            catch (IOException error)
            {
                if (Trouble != error.Message)
                {
                    DaemonLog.KeeperRefused(_log, error.Message);
                }

                Trouble = error.Message;
            }

            if (!_isLeaving)
            {
                _starter.StartIfDue();
            }

            await Task.Delay(Look, _time, _stopping.Token);
        }
    }

    private async Task<KeeperConnection> GreetAsync()
    {
        var events = new KeeperEvents(
            () => TerminateAsked?.Invoke(),
            _held.Keep,
            _held.EndGreeting
        );
        var ct = _stopping.Token;
        var connection = await KeeperConnection.ConnectAsync(
            _home,
            _time,
            AnswerDeadline,
            events,
            ct
        );
        try
        {
            _held.BeginGreeting();
            await _held.GiveAsync(connection, ct);
            CrashPoint.Pass(CrashPoint.AfterHolds);
            var body = await connection.AskAsync(
                id => new ControlWriter().Finish(ControlKind.Hello, id),
                ct
            );
            var hello =
                KeeperHello.Decode(body)
                ?? throw new IOException(
                    $"what listens on {_home.KeeperSocket} (pid {connection.PeerPid}) is no keeper"
                );
            await WelcomeAsync(connection, hello, ct);
            return connection;
        }
        catch
        {
            await connection.DisposeAsync();
            throw;
        }
    }

    private async Task WelcomeAsync(
        KeeperConnection connection,
        KeeperHello hello,
        CancellationToken ct
    )
    {
        if (_isServing)
        {
            await connection.SendAsync(new ControlWriter().Finish(ControlKind.Serving, 0), ct);
        }

        Pid = (int)hello.Pid;
        Trouble = null;
        _starter.OnFound();
        DaemonLog.KeeperFound(_log, Pid, hello.Runs.Count);
        TaskCompletionSource<KeeperConnection> current;
        lock (_gate)
        {
            current = _current;
        }

        if (Runs.Count == 0)
        {
            Runs = hello.Runs;
        }

        Replaced?.Invoke(hello);
        current.TrySetResult(connection);
    }
}
