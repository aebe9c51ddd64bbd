using System.Buffers;
using Tspm.Cli.Rendering;
using Tspm.Client;
using Tspm.Protocol.Messages;

namespace Tspm.Cli.Export;

/// <summary>Writes entries as JSON Lines, the form of <c>logs -o json</c>: nothing is lost in it.</summary>
internal sealed class JsonRecordWriter : IExportWriter
{
    private readonly LogPrinter _printer;
    private readonly Dictionary<uint, PrintedLog> _logs;

    /// <summary>Makes one.</summary>
    public JsonRecordWriter(IBufferWriter<byte> output, IReadOnlyList<LogTarget> logs)
    {
        var options = new LogPrinterOptions { Format = LogFormat.Json };
        _printer = new LogPrinter(options, output, output);
        _logs = logs.ToDictionary(
            log => log.Id,
            log => _printer.Add(new LogIdentity(log.Id, log.Ns, log.Name, log.LogId))
        );
    }

    /// <inheritdoc/>
    public void Write(LogBatch batch) =>
        _printer.Write(
            _logs[batch.Log.Id],
            batch.Header.Epoch,
            batch.Spans,
            batch.Bytes,
            batch.RunIdOf
        );

    /// <inheritdoc/>
    public void Write(LogGap gap) =>
        _printer.WriteGap(_logs[gap.Log.Id], gap.From, gap.To, gap.Reason);

    /// <inheritdoc/>
    public void End() => _printer.End();
}
