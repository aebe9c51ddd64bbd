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
        _printer = new LogPrinter(options, context.Output, context.Errors);
        foreach (var log in logs)
        {
            _logs[log.Id] = _printer.Add(new LogIdentity(log.Id, log.Ns, log.Name, log.LogId));
        }
    }

    /// <summary>True if entries could not be delivered.</summary>
    public bool HasGap { get; private set; }

    /// <summary>True when every log has ended.</summary>
    public bool IsOver => _logs.Count == 0;

    /// <summary>Prints one thing.</summary>
    public void Print(LogFollowEvent told)
    {
        switch (told)
        {
            case LogBatch batch:
                _printer.Write(
                    _logs[batch.Log.Id],
                    batch.Header.Epoch,
                    batch.Spans,
                    batch.Bytes,
                    batch.RunIdOf
                );
                break;
            case LogGap gap:
                HasGap = true;
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
            case ConnectionChanged change:
                PrintConnection(change);
                break;
            case LogHistoryChanged { IsRecreated: true } changed:
                _printer.WriteRecreated(_logs[changed.Log.Id]);
                break;
            case LogHistoryChanged changed:
                _printer.WriteTruncated(_logs[changed.Log.Id], changed.LastSeq);
                break;
            case LogEnded ended:
                _printer.WriteEnd(_logs[ended.Log.Id], ended.Reason);
                _logs.Remove(ended.Log.Id);
                break;
            default:
                break;
        }

        _context.Output.Flush();
        _context.Errors.Flush();
    }

    /// <summary>Ends a line that is still open.</summary>
    public void End()
    {
        _printer.End();
        _context.Output.Flush();
        _context.Errors.Flush();
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
            !change.HasDaemonChanged ? ReconnectKind.SameDaemon
            : _lossReason.Contains("handover", StringComparison.Ordinal)
                ? ReconnectKind.CleanRestart
            : ReconnectKind.DaemonDied
        );
    }
}
