using System.Text;
using SmartIpc.Client;
using Tspm.Client.Following;

namespace Tspm.Simulator;

/// <summary>Which cells of the machines and which faults were visited, over all seeds.</summary>
internal sealed class Visits
{
    private readonly Dictionary<(LogMode, LogInputKind), long> _log = [];
    private readonly Dictionary<(ConnectionState, ConnectionEventKind), long> _connection = [];
    private readonly Dictionary<Fault, long> _faults = [];
    private readonly Dictionary<string, long> _outcomes = [];

    public void Log(LogMode mode, LogInputKind kind) => Count(_log, (mode, kind));

    public void Connection(ConnectionState state, ConnectionEventKind kind) =>
        Count(_connection, (state, kind));

    public void Fault(Fault fault) => Count(_faults, fault);

    public void Outcome(string what) => Count(_outcomes, what);

    /// <summary>Takes in what others visited.</summary>
    public void Add(Visits other)
    {
        Add(_log, other._log);
        Add(_connection, other._connection);
        Add(_faults, other._faults);
        Add(_outcomes, other._outcomes);
    }

    /// <summary>Cells that the drivers cannot reach: their order of calls rules them out.</summary>
    public static bool IsReachable(LogMode mode, LogInputKind kind) =>
        (mode, kind) switch
        {
            // The start is the first input and comes once; nothing is fed after the end.
            (LogMode.New, _) => kind == LogInputKind.Start,
            (LogMode.Ended, _) => false,
            (_, LogInputKind.Start) => false,

            // A connection comes back only after it was lost.
            (_, LogInputKind.Resumed) => mode == LogMode.Detached,

            // What a lost connection sent is dropped with it, but for a page and a message that had been taken in.
            (
                LogMode.Detached,
                LogInputKind.Subscribed
                    or LogInputKind.Batch
                    or LogInputKind.Gap
                    or LogInputKind.CaughtUp
            ) => false,

            // The answer to a subscribe is the first thing of its generation.
            (LogMode.Live or LogMode.Backfill or LogMode.Filling, LogInputKind.Subscribed) => false,
            _ => true,
        };

    /// <summary>Cells, faults and outcomes that should have been visited and were not.</summary>
    public IReadOnlyList<string> Missing() =>
        [
            .. from mode in Enum.GetValues<LogMode>()
            from kind in Enum.GetValues<LogInputKind>()
            where IsReachable(mode, kind) && !_log.ContainsKey((mode, kind))
            select $"log machine: {kind} in {mode}",
            .. from cell in ReachableConnections
            where !_connection.ContainsKey(cell)
            select $"connection machine: {cell.Kind} in {cell.State}",
            .. Enum.GetValues<Fault>()
                .Where(fault => !_faults.ContainsKey(fault))
                .Select(fault => $"fault: {fault}"),
            .. Outcomes.Where(one => !_outcomes.ContainsKey(one)).Select(one => $"outcome: {one}"),
        ];

    /// <summary>Cells visited that were said to be out of reach.</summary>
    public IReadOnlyList<string> Unexpected() =>
        [
            .. _log
                .Keys.Where(cell => !IsReachable(cell.Item1, cell.Item2))
                .Select(cell => $"log machine: {cell.Item2} in {cell.Item1}"),
        ];

    public string Report()
    {
        var text = new StringBuilder();
        foreach (
            var (cell, count) in _log.OrderBy(one => one.Key.ToString(), StringComparer.Ordinal)
        )
        {
            text.AppendLine($"log {cell.Item1, -12} {cell.Item2, -12} {count, 10}");
        }

        foreach (
            var (cell, count) in _connection.OrderBy(
                one => one.Key.ToString(),
                StringComparer.Ordinal
            )
        )
        {
            text.AppendLine($"connection {cell.Item1, -9} {cell.Item2, -12} {count, 10}");
        }

        foreach (var (fault, count) in _faults.OrderBy(one => one.Key))
        {
            text.AppendLine($"fault {fault, -22} {count, 10}");
        }

        foreach (var (what, count) in _outcomes.OrderBy(one => one.Key, StringComparer.Ordinal))
        {
            text.AppendLine($"outcome {what, -20} {count, 10}");
        }

        foreach (var missing in Missing())
        {
            text.AppendLine($"NOT VISITED {missing}");
        }

        foreach (var unexpected in Unexpected())
        {
            text.AppendLine($"UNEXPECTED {unexpected}");
        }

        return text.ToString();
    }

    public static IReadOnlyList<string> Outcomes { get; } =
    [
        "emit",
        "gap",
        "filled",
        "fill-paused",
        "truncated",
        "recreated",
        "history-end",
        "caught-up",
        "lost",
        "reconnected",
        "ended",
        "restart",
        "released",
        "hole-expired",
        "hole-corrupt",
    ];

    private static IReadOnlyList<(
        ConnectionState State,
        ConnectionEventKind Kind
    )> ReachableConnections { get; } =
    [
        (ConnectionState.Down, ConnectionEventKind.Start),
        (ConnectionState.Dialing, ConnectionEventKind.Connected),
        (ConnectionState.Dialing, ConnectionEventKind.Failed),
        (ConnectionState.Greeting, ConnectionEventKind.Welcomed),
        (ConnectionState.Greeting, ConnectionEventKind.Failed),
        (ConnectionState.Up, ConnectionEventKind.Lost),
        (ConnectionState.Up, ConnectionEventKind.Silent),
        (ConnectionState.Up, ConnectionEventKind.PongMissing),
        (ConnectionState.Waiting, ConnectionEventKind.RetryDue),
        (ConnectionState.Up, ConnectionEventKind.Stop),
        (ConnectionState.Waiting, ConnectionEventKind.Stop),
    ];

    private static void Add<TKey>(Dictionary<TKey, long> to, Dictionary<TKey, long> from)
        where TKey : notnull
    {
        foreach (var (key, count) in from)
        {
            to[key] = to.GetValueOrDefault(key) + count;
        }
    }

    private static void Count<TKey>(Dictionary<TKey, long> counts, TKey key)
        where TKey : notnull => counts[key] = counts.GetValueOrDefault(key) + 1;
}

/// <summary>What the simulator does to the system.</summary>
internal enum Fault
{
    /// <summary>The connection is cut; what was on its way is gone, frames in the middle too.</summary>
    Cut,

    /// <summary>The connection is cut exactly between two frames.</summary>
    CutAtBoundary,

    /// <summary>Nothing arrives any more and nobody is told.</summary>
    HalfOpen,

    /// <summary>Bytes arrive one to seven at a time.</summary>
    ShortWrites,

    /// <summary>Nothing arrives for a while.</summary>
    Delay,

    /// <summary>The daemon says goodbye and another one takes over.</summary>
    DaemonHandover,

    /// <summary>The daemon is killed; another one takes over.</summary>
    DaemonKilled,

    /// <summary>The daemon is killed and the end of its index is gone: it is numbered anew.</summary>
    IndexTailLost,

    /// <summary>Power is lost: everything after the last sync is gone.</summary>
    PowerLoss,

    /// <summary>There is no daemon for a while.</summary>
    DaemonAway,

    /// <summary>The daemon refuses connections for a while.</summary>
    RefuseBusy,

    /// <summary>The reader takes nothing for a while.</summary>
    SlowReader,

    /// <summary>More is written than the ring holds.</summary>
    Flood,

    /// <summary>A page that is asked for fails.</summary>
    PageRefused,

    /// <summary>A page is not the one that was asked for.</summary>
    OddPage,

    /// <summary>An answer does not come.</summary>
    AnswerLost,

    /// <summary>The wall clock is set.</summary>
    ClockStep,

    /// <summary>The oldest files go.</summary>
    Retention,

    /// <summary>The oldest files go between two pages of a range that is fetched.</summary>
    RetentionWhileFilling,

    /// <summary>A bit of the index is another one when the next daemon opens it.</summary>
    BitFlip,

    /// <summary>The end of a closed data file is gone while the daemon reads it.</summary>
    DataCut,

    /// <summary>The log is gone and another one has its place.</summary>
    Recreated,

    /// <summary>The process is deleted.</summary>
    Deleted,
}
