using Tspm.Client;
using Tspm.Protocol;
using Tspm.Protocol.Messages;

namespace Tspm.Cli.Commands;

/// <summary>From points in time to places in each log, where a range needs them.</summary>
internal static class LogPlaces
{
    /// <summary>Ends the logs of a read where its time ends; begins a follow with context after its time.</summary>
    public static async Task<(IReadOnlyList<LogTarget>, LogFollowOptions)> PlaceAsync(
        TspmIpcClient client,
        IReadOnlyList<LogTarget> logs,
        LogFollowOptions options
    )
    {
        if (options is { Follow: false, Until: { } until })
        {
            var ends = await LocateAsync(client, logs, until + 1);
            return ([.. logs.Zip(ends, EndAt)], options);
        }

        if (options is { Follow: true, IsSingleRequest: true, Since: { } since })
        {
            // History and live have to be one read: context reaches over the seam.
            var places = await LocateAsync(client, logs, since);
            var cursor = new FollowCursor([
                .. logs.Zip(
                    places,
                    (log, place) =>
                        new CursorPlace(
                            Guid.Parse(log.LogId),
                            $"{log.Ns}/{log.Name}",
                            new LogPosition(place.Epoch, place.Seq)
                        )
                ),
            ]);
            return (logs, options with { Cursor = cursor, Since = null });
        }

        return (logs, options);
    }

    /// <summary>Where a point in time lies in each log.</summary>
    private static async Task<IReadOnlyList<AfterPosition>> LocateAsync(
        TspmIpcClient client,
        IReadOnlyList<LogTarget> logs,
        long time
    )
    {
        var places = new List<AfterPosition>();
        foreach (var log in logs)
        {
            var request = new LocateRequest
            {
                Id = log.Id,
                LogId = log.LogId,
                Times = [time],
            };
            places.Add((await client.LocateAsync(request)).Places[0]);
        }

        return places;
    }

    private static LogTarget EndAt(LogTarget log, AfterPosition end) =>
        log with
        {
            Head = Math.Min(log.Head, end.Seq),
            Epoch = end.Seq < log.Head ? end.Epoch : log.Epoch,
        };
}
