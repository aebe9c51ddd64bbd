using Tspm.Cli.Rendering;
using Tspm.Client;
using Tspm.Protocol.Messages;

namespace Tspm.Cli.Commands;

/// <summary>From what a follower tells to what the printer writes; flushes when there is nothing more at hand.</summary>
internal sealed class FollowPrinter
{
    private readonly CliContext _context;
    private readonly LogPrinter _printer;
    private readonly Dictionary<uint, PrintedLog> _logs = [];
    private readonly bool _tellsRuns;
    private readonly List<PrintedLog> _all = [];
    private readonly ByteLimit? _limit;
    private bool _isLost;
    private string _lossReason = "";

    /// <summary>Makes a printer of some logs.</summary>
    public FollowPrinter(
        CliContext context,
        LogPrinterOptions options,
        IReadOnlyList<LogTarget> logs
    )
    {
        _context = context;

        // One stream alone has no starts and exits; who asked for none of them is not told of them.
        _tellsRuns =
            options.ShowsEvents && (context.Invocation.Has("out") != context.Invocation.Has("err"));
        _printer = new LogPrinter(options, context.Output, context.Errors);
        _limit = ByteLimit.Read(context.Invocation);
        foreach (var log in logs)
        {
            Add(log);
        }
    }

    /// <summary>What of the connection ended the last log; null if it was no fault.</summary>
    public string? EndReason { get; private set; }

    /// <summary>True when as much was printed as was asked for.</summary>
    public bool IsFull => _limit is { IsOver: true };

    /// <summary>True when every log has ended.</summary>
    public bool IsOver => _logs.Count == 0;

    /// <summary>Prints one thing.</summary>
    public void Print(LogFollowEvent told)
    {
        switch (told)
        {
            case LogBatch batch:
                PrintBatch(batch);
                break;
            case LogGap gap:
                _printer.WriteGap(_logs[gap.Log.Id], gap.From, gap.To, gap.Reason);
                break;
            case LogGapFilled filled:
                _printer.WriteGap(
                    _logs[filled.Log.Id],
                    filled.From,
                    filled.To,
                    Protocol.Batches.GapReason.Slow,
                    isFilled: true
                );
                break;
            case LogFillPaused paused:
                _printer.WriteFillPaused(_logs[paused.Log.Id]);
                break;
            case RunChanged changed when _tellsRuns:
                _printer.WriteRunChanged(_logs[changed.Log.Id], changed.FromRun, changed.ToRun);
                break;
            case LogAdded added:
                Add(added.Log);
                break;
            case ConnectionChanged change:
                PrintConnection(change);
                break;
            default:
                PrintState(told);
                break;
        }

        _context.Output.Flush();
        _context.Errors.Flush();
    }

    private void PrintBatch(LogBatch batch)
    {
        var log = _logs[batch.Log.Id];
        var spans = _limit is null ? batch.Spans : _limit.Take(batch.Spans, batch.Bytes);
        _printer.Write(log, batch.Header.Epoch, spans, batch.Bytes, batch.RunIdOf);
        if (IsFull)
        {
            _context.Say("tspm: that was --limit-bytes; there is more");
        }
    }

    private void PrintState(LogFollowEvent told)
    {
        switch (told)
        {
            case LogHistoryChanged { IsRecreated: true } changed:
                _printer.WriteRecreated(_logs[changed.Log.Id]);
                break;
            case LogHistoryChanged changed:
                _printer.WriteTruncated(_logs[changed.Log.Id], changed.LastSeq);
                break;
            case LogEnded ended:
                if (ended.Reason is not ("head" or "until"))
                {
                    _printer.WriteEnd(_logs[ended.Log.Id], ended.Reason);
                }

                EndReason = ended.Reason is "head" or "deleted" or "until"
                    ? EndReason
                    : ended.Reason;
                _logs.Remove(ended.Log.Id);
                break;
            default:
                break;
        }
    }

    /// <summary>Whether a line is still open, or lines wait for others of their event.</summary>
    public bool IsUnsettled => _printer.IsUnsettled;

    /// <summary>Nothing has come for a moment: what waits is written.</summary>
    public void Settle()
    {
        _printer.Settle();
        _context.Output.Flush();
    }

    /// <summary>Tells how many of the shown entries <c>--field</c> has hidden.</summary>
    public void PrintHidden()
    {
        foreach (var log in _all.Where(log => log.HiddenLines > 0))
        {
            _context.Say(
                $"{log.Identity.Name}: {log.HiddenLines} of the shown were hidden by --field"
            );
        }
    }

    /// <summary>Tells where the next reader can go on.</summary>
    public void PrintCursor(string cursor) => _printer.WriteCursor(cursor);

    /// <summary>Ends a line that is still open.</summary>
    public void End()
    {
        _printer.End();
        _context.Output.Flush();
        _context.Errors.Flush();
    }

    private void Add(LogTarget log)
    {
        var printed = _printer.Add(new LogIdentity(log.Id, log.Ns, log.Name, log.LogId));
        _logs[log.Id] = printed;
        _all.Add(printed);
    }

    /// <summary>A loss is told when it is repaired at once in one row, and in two when it takes a while.</summary>
    private void PrintConnection(ConnectionChanged change)
    {
        if (!change.IsUp)
        {
            _lossReason = change.Reason;
            if (!_isLost)
            {
                _isLost = true;
                _printer.WriteConnectionLost();
            }

            return;
        }

        _isLost = false;
        _printer.WriteReconnected(
            change.MissesSome ? ReconnectKind.WithGaps
            : !change.HasDaemonChanged ? ReconnectKind.SameDaemon
            : _lossReason.Contains("handover", StringComparison.Ordinal)
                ? ReconnectKind.CleanRestart
            : ReconnectKind.DaemonDied
        );
    }
}
