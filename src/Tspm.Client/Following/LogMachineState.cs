using System.Collections.Immutable;
using Tspm.Protocol;
using Tspm.Protocol.Batches;

namespace Tspm.Client.Following;

/// <summary>All that a followed log's machine knows.</summary>
internal readonly record struct LogMachineState
{
    /// <summary>Nothing has happened yet.</summary>
    public static LogMachineState Initial { get; } = new() { Hold = [], Deadline = long.MaxValue };

    /// <summary>Where it is.</summary>
    public LogMode Mode { get; init; }

    /// <summary>The last entry that was given out or told as missing.</summary>
    public LogPosition Position { get; init; }

    /// <summary>False until the first position is known.</summary>
    public bool HasPosition { get; init; }

    /// <summary>History was asked for and is not complete.</summary>
    public bool WantsHistory { get; init; }

    /// <summary>There is a subscription: what comes goes on after history.</summary>
    public bool IsFollowing { get; init; }

    /// <summary>The seq at which it ends; null if it goes on, or if that is not known yet.</summary>
    public long? EndAt { get; init; }

    /// <summary>The connection was lost and it has not been told that it is back.</summary>
    public bool IsResuming { get; init; }

    /// <summary>It is back with another daemon.</summary>
    public bool HasDaemonChanged { get; init; }

    /// <summary>The generation of the subscription; what is of another is ignored.</summary>
    public uint Gen { get; init; }

    /// <summary>The number of the newest fetch; pages of others are ignored.</summary>
    public uint Request { get; init; }

    /// <summary>The last seq that the newest fetch asks for.</summary>
    public long RequestTo { get; init; }

    /// <summary>The last seq of the range that is being fetched; it begins after the position.</summary>
    public long FetchTo { get; init; }

    /// <summary>The epoch that a position at its end has.</summary>
    public uint FetchEpoch { get; init; }

    /// <summary>What is told if the range cannot be had.</summary>
    public GapReason FetchReason { get; init; }

    /// <summary>The first seq of a gap that is being filled; 0 if the fetch fills none.</summary>
    public long FillFrom { get; init; }

    /// <summary>What came live and has to wait until the fetch is over.</summary>
    public ImmutableList<LogInput> Hold { get; init; }

    /// <summary>Entries in <see cref="Hold"/>.</summary>
    public long HoldEntries { get; init; }

    /// <summary>Bytes in <see cref="Hold"/>.</summary>
    public long HoldBytes { get; init; }

    /// <summary>Gaps filled in a row.</summary>
    public int FillStreak { get; init; }

    /// <summary>When the last gap came, ns; 0 if none did.</summary>
    public long GapAt { get; init; }

    /// <summary>Until when gaps are told instead of filled, ns.</summary>
    public long SkipUntil { get; init; }

    /// <summary>Subscriptions dropped in a row without an entry between.</summary>
    public int Resets { get; init; }

    /// <summary>The newest run that was given out.</summary>
    public uint Run { get; init; }

    /// <summary>When the state must have been left, ns.</summary>
    public long Deadline { get; init; }

    /// <summary>Deliveries that were ignored because everything in them had been given out.</summary>
    public long Repeats { get; init; }
}

/// <summary>Where a followed log's machine is.</summary>
internal enum LogMode
{
    /// <summary>Not started.</summary>
    New,

    /// <summary>Waiting for the acknowledged head.</summary>
    Subscribing,

    /// <summary>Reading history; what comes live is held.</summary>
    Backfill,

    /// <summary>Giving out what comes.</summary>
    Live,

    /// <summary>Fetching what was missed; what comes live is held.</summary>
    Filling,

    /// <summary>There is no connection.</summary>
    Detached,

    /// <summary>Over.</summary>
    Ended,
}

/// <summary>What a log's machine may do; it does not change.</summary>
internal sealed record LogMachineOptions
{
    /// <summary>What a follow of one log asks of its machine.</summary>
    public static LogMachineOptions Of(LogFollowOptions options, LogPosition? after) =>
        new()
        {
            Follows = options.Follow,
            After = after,
            HasHistory = options.Tail is not (null or 0) || options.Since is not null,
            Tail = options.Since is null ? options.Tail ?? 0 : long.MaxValue,
            IsSingleRequest = options.IsSingleRequest && options.Since is null,
            FillsGaps = options.Gaps == GapPolicy.Fill,
        };

    /// <summary>Go on with what comes after the head.</summary>
    public bool Follows { get; init; } = true;

    /// <summary>Begin after this position.</summary>
    public LogPosition? After { get; init; }

    /// <summary>Entries come before what is live.</summary>
    public bool HasHistory { get; init; }

    /// <summary>How many entries of history at the most; <see cref="long.MaxValue"/> if that is not known.</summary>
    public long Tail { get; init; } = long.MaxValue;

    /// <summary>History comes inside the subscription, not in pages.</summary>
    public bool IsSingleRequest { get; init; }

    /// <summary>Gaps are filled if they can be.</summary>
    public bool FillsGaps { get; init; } = true;

    /// <summary>Most entries held; at least 1.</summary>
    public long MaxHoldEntries { get; init; } = 10_000;

    /// <summary>Most bytes held.</summary>
    public long MaxHoldBytes { get; init; } = 8 * 1024 * 1024;

    /// <summary>Gaps filled in a row before filling pauses.</summary>
    public int MaxFillStreak { get; init; } = 3;

    /// <summary>How long without a gap ends a row of them, ns.</summary>
    public long FillRest { get; init; } = 10_000_000_000;

    /// <summary>How long filling pauses, ns.</summary>
    public long FillPause { get; init; } = 60_000_000_000;

    /// <summary>How long an answer may take, ns.</summary>
    public long AnswerDeadline { get; init; } = 10_000_000_000;

    /// <summary>How long a subscription may be silent, ns; six heartbeats.</summary>
    public long SilenceDeadline { get; init; } = 30_000_000_000;

    /// <summary>Subscriptions dropped in a row before it is given up.</summary>
    public int MaxResets { get; init; } = 5;
}
