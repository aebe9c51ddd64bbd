using SmartIpc.Client;
using Tspm.Protocol;
using Tspm.Protocol.Messages;

namespace Tspm.Client.Following;

/// <summary>Asks for the pages that a log's machine wants, and for the next one before it is wanted.</summary>
/// <remarks>
/// Where a page will end is guessed from the one before, so that the next can be asked for by its range: the daemon reads it
/// while this one is on its way. A guess that fails costs the page that was asked for too early.
/// A page counts when all of it has come. So on a link that breaks off the first page is small and each next one twice
/// as large: whatever bytes the link passes, about half of them came in whole pages.
/// </remarks>
internal sealed class PageFetcher(
    TspmIpcClient client,
    LogFollowOptions options,
    LogSelection selection,
    TimeProvider time
)
{
    /// <summary>Bytes of a page at the most.</summary>
    public const int LargestPage = 1024 * 1024;

    /// <summary>Bytes of the first page after one that was broken off.</summary>
    public const int SmallestPage = 4 * 1024;

    // Context does not reach over where history began.
    private long _origin;
    private bool _isFirst;
    private int _pageBytes = LargestPage;

    // Entries that go into a page for sure, by the last one; 0 if nobody knows.
    private long _stride;
    private long _last;
    private PageAhead? _ahead;

    /// <summary>Whether the next page is asked for early: two pages more may be in memory.</summary>
    public bool ReadsAhead { get; init; }

    /// <summary>The page that was asked for and not taken; null if there is none.</summary>
    public Task<LogInput>? Asked { get; private set; }

    /// <summary>Asks; an answer to an earlier question is not looked at any more.</summary>
    /// <param name="log">The log.</param>
    /// <param name="fetch">Which page.</param>
    /// <param name="isFollowing">Whether a failure is an input; a read ends with it.</param>
    /// <param name="connection">The connection that it makes sense on.</param>
    /// <param name="ct">Stops the waiting.</param>
    public void Start(
        LogTarget log,
        in LogAction fetch,
        bool isFollowing,
        long connection,
        CancellationToken ct
    )
    {
        DropAsked();
        _isFirst = fetch.From == 0;
        var last = fetch.To;
        if (TakeAhead(log, fetch, connection) is { } ahead)
        {
            last = ahead.To;
            Asked = AnswerAsync(ahead.Page, last, fetch, isFollowing);
        }
        else
        {
            DropAhead();
            var isSteady = _stride > 0 && _pageBytes == LargestPage && !_isFirst;
            last = ReadsAhead && isSteady ? EndOf(fetch.From, fetch.To) : fetch.To;
            var page = AskAsync(log, fetch, last, connection, ct);
            Asked = AnswerAsync(page, last, fetch, isFollowing);
        }

        _last = last;
        // A page that was a hole from end to end tells nothing of the next.
        if (last < fetch.To && _stride > 0)
        {
            var next = fetch with { From = last + 1 };
            var to = EndOf(next.From, fetch.To);
            var early = AskAsync(log, next, to, connection, ct);
            _ahead = new PageAhead(log.LogId, connection, next.From, to, early);
        }
    }

    /// <summary>Waits for the page that was asked for and takes it.</summary>
    public async Task<LogInput> TakeAsync(Task<LogInput> page)
    {
        var input = await page.ConfigureAwait(false);
        Asked = null;
        if (input.Kind == LogInputKind.Page)
        {
            _origin = _isFirst ? input.After : _origin;
            _pageBytes = Math.Min(LargestPage, _pageBytes * 2);
            _stride = StrideOf(input);
        }
        else if (input.Flag)
        {
            _pageBytes = SmallestPage;
        }

        return input;
    }

    /// <summary>What was asked for is not wanted any more.</summary>
    public void Drop()
    {
        DropAsked();
        DropAhead();
    }

    private static void Drop<T>(Task<T>? asked, Action<T> release) =>
        _ = asked?.ContinueWith(
            ended =>
            {
                if (ended.IsCompletedSuccessfully)
                {
                    release(ended.Result);
                }
                else
                {
                    _ = ended.Exception;
                }
            },
            CancellationToken.None,
            TaskContinuationOptions.ExecuteSynchronously,
            TaskScheduler.Default
        );

    private void DropAsked()
    {
        Drop(Asked, static input => input.Payload?.Dispose());
        Asked = null;
    }

    private void DropAhead()
    {
        Drop(_ahead?.Page, static page => page.Dispose());
        _ahead = null;
    }

    /// <summary>The page that was asked for early, if it is the one that is wanted now.</summary>
    private PageAhead? TakeAhead(LogTarget log, in LogAction fetch, long connection)
    {
        var ahead = _ahead;
        var isWanted =
            ahead is not null
            && ahead.From == fetch.From
            && ahead.To <= fetch.To
            && ahead.LogId == log.LogId
            && ahead.Connection == connection;
        if (!isWanted)
        {
            return null;
        }

        _ahead = null;
        return ahead;
    }

    /// <summary>The last seq of a page that begins here, so that all of it has room.</summary>
    private long EndOf(long from, long to) => Math.Min(to, from + _stride - 1);

    /// <summary>So many entries as surely go into a page, if they are as those of this one.</summary>
    private long StrideOf(in LogInput page)
    {
        const int percent = 100;
        const int full = 90;
        if (page.Payload is not LogPage { Header: { ByteCount: > 0 } header })
        {
            return 0;
        }

        // Where it ended before its range, that is what went into it.
        var entries = page.UpTo - page.After;
        var room = page.UpTo < _last ? 1 : (double)_pageBytes / header.ByteCount;
        return (long)(entries * room * full / percent);
    }

    private async Task<LogPage> AskAsync(
        LogTarget log,
        LogAction fetch,
        long to,
        long connection,
        CancellationToken ct
    )
    {
        var request = LogQuestions.Fetch(
            fetch with
            {
                To = to,
            },
            options,
            selection,
            log.Id,
            log.LogId,
            _pageBytes,
            _origin
        );
        return await client.GetLogsAsync(request, connection, ct).ConfigureAwait(false);
    }

    private async Task<LogInput> AnswerAsync(
        Task<LogPage> asked,
        long last,
        LogAction fetch,
        bool isFollowing
    )
    {
        try
        {
            var page = await asked.ConfigureAwait(false);
            var input = LogInputs.Page(page.Batch, page, fetch.Request, Now);

            // All of what this page was asked for; of what is wanted there is more.
            return input with
            {
                Flag = input.Flag || (input.UpTo == last && last < fetch.To),
            };
        }
        catch (TspmException error) when (isFollowing && error.Code != ErrorCodes.BadRequest)
        {
            return new LogInput
            {
                Kind = LogInputKind.PageFailed,
                Now = Now,
                Request = fetch.Request,
                Flag = error.Code is IpcErrorCode.Closed or IpcErrorCode.ShuttingDown,
                Text = error.Code,
            };
        }
    }

    private long Now => (long)time.GetElapsedTime(0).TotalNanoseconds;
}

/// <summary>A page that was asked for before it is wanted.</summary>
/// <param name="LogId">Of which log.</param>
/// <param name="Connection">On which connection.</param>
/// <param name="From">Its first seq.</param>
/// <param name="To">Its last seq.</param>
/// <param name="Page">The answer.</param>
internal sealed record PageAhead(
    string LogId,
    long Connection,
    long From,
    long To,
    Task<LogPage> Page
);
