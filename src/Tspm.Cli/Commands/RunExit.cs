using System.Text.Json;
using Tspm.Client;
using Tspm.Protocol.Messages;

namespace Tspm.Cli.Commands;

/// <summary>Finds the end of a run among entries.</summary>
internal static class RunExit
{
    private const byte EventStream = 2;

    /// <summary>The entry that tells the end of a run; null if it is not in the batch.</summary>
    public static LogEvent? Find(LogBatch batch, uint run)
    {
        var at = 0;
        foreach (ref readonly var span in batch.Spans)
        {
            var bytes = batch.Bytes.Slice(at, (int)span.Length);
            at += (int)span.Length;
            if (span.Stream == EventStream && span.Run == run)
            {
                var told = JsonSerializer.Deserialize(bytes, ProtocolJsonContext.Default.LogEvent);
                if (told?.What == LogEvents.RunExit)
                {
                    return told;
                }
            }
        }

        return null;
    }
}
