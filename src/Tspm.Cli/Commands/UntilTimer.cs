using Tspm.Client;

namespace Tspm.Cli.Commands;

/// <summary>Ends a follow whose end is a point in time, also if nothing is printed any more.</summary>
internal sealed class UntilTimer : IDisposable
{
    // What was printed before the end is shown within this: an unfinished line waits 250 ms for its rest.
    private static readonly TimeSpan Late = TimeSpan.FromMilliseconds(500);
    private readonly CancellationTokenSource _end;

    private UntilTimer(CancellationTokenSource end) => _end = end;

    /// <summary>Fires at the end, or with the other token.</summary>
    public CancellationToken Token => _end.Token;

    /// <summary>Starts it, if the follow has an end.</summary>
    public static UntilTimer Start(LogFollowOptions options, CancellationToken stopping)
    {
        var end = CancellationTokenSource.CreateLinkedTokenSource(stopping);
        if (options is { Follow: true, Until: { } until })
        {
            var left =
                DateTimeOffset.UnixEpoch.AddTicks(until) - TimeProvider.System.GetUtcNow() + Late;
            var most = TimeSpan.FromMilliseconds(int.MaxValue);
            end.CancelAfter(
                left < TimeSpan.Zero ? TimeSpan.Zero
                : left > most ? most
                : left
            );
        }

        return new UntilTimer(end);
    }

    /// <inheritdoc/>
    public void Dispose() => _end.Dispose();
}
