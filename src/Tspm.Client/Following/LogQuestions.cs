using Tspm.Protocol.Messages;

namespace Tspm.Client.Following;

/// <summary>From the state of a log's machine to what is asked of the daemon.</summary>
internal static class LogQuestions
{
    private const int PageEntries = 10_000;

    /// <summary>The options of a subscription that goes on after the position.</summary>
    public static LogSubscribeOptions Subscribe(
        in LogMachineState state,
        LogMachineOptions machine,
        LogFollowOptions options,
        LogSelection selection,
        string logId
    ) =>
        new(selection)
        {
            LogId = logId,
            After = state.HasPosition
                ? new AfterPosition(state.Position.Epoch, state.Position.Seq)
                : null,
            Tail =
                !state.HasPosition && machine.IsSingleRequest && machine.HasHistory
                    ? machine.Tail
                    : null,
            // After a lost connection the daemon sends what was missed itself, in order: pages would have to pass
            // what comes after the gap, and on a link that is cut again and again they never do.
            Catchup =
                options.Gaps == GapPolicy.Fill
                && (options.Catchup || state is { IsResuming: true, HasPosition: true }),
        };

    /// <summary>A page; the first one of history finds its own beginning.</summary>
    public static GetLogsRequest Fetch(
        in LogAction fetch,
        LogFollowOptions options,
        LogSelection selection,
        uint processId,
        string logId,
        int maxBytes,
        long origin = 0
    )
    {
        var isFirst = fetch.From == 0;
        var isAll = options.Tail == long.MaxValue;
        return new GetLogsRequest(selection)
        {
            Id = processId,
            LogId = logId,
            From =
                !isFirst ? fetch.From
                : isAll && options.Since is null ? 1
                : null,
            To = fetch.To,
            MaxEntries = PageEntries,
            ByBytes = true,
            MaxBytes = maxBytes,
            Origin = isFirst ? 0 : origin,
            Tail = isFirst && !isAll ? options.Tail : null,
            Since = isFirst ? options.Since : null,
        };
    }
}
