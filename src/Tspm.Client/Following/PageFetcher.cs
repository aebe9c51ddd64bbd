using SmartIpc.Client;
using Tspm.Protocol;
using Tspm.Protocol.Messages;

namespace Tspm.Client.Following;

/// <summary>Asks for the pages that a log's machine wants, one at a time.</summary>
/// <remarks>
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
        Drop();
        _isFirst = fetch.From == 0;
        Asked = FetchAsync(log, fetch, isFollowing, connection, ct);
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
        _ = Asked?.ContinueWith(
            static asked =>
            {
                if (asked.IsCompletedSuccessfully)
                {
                    asked.Result.Payload?.Dispose();
                }
                else
                {
                    _ = asked.Exception;
                }
            },
            CancellationToken.None,
            TaskContinuationOptions.ExecuteSynchronously,
            TaskScheduler.Default
        );
        Asked = null;
    }

    private async Task<LogInput> FetchAsync(
        LogTarget log,
        LogAction fetch,
        bool isFollowing,
        long connection,
        CancellationToken ct
    )
    {
        var request = LogQuestions.Fetch(
            fetch,
            options,
            selection,
            log.Id,
            log.LogId,
            _pageBytes,
            _origin
        );
        try
        {
            var page = await client.GetLogsAsync(request, connection, ct).ConfigureAwait(false);
            return LogInputs.Page(page.Batch, page, fetch.Request, Now);
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
