using System.Buffers;
using Tspm.Protocol.Batches;

namespace Tspm.Cli.Rendering;

/// <summary>A few entries as indented plain lines, made harmless; for messages, not for the log itself.</summary>
internal static class PlainLines
{
    /// <summary>Writes the lines.</summary>
    public static void Write(
        ReadOnlySpan<WireSpan> spans,
        ReadOnlySpan<byte> bytes,
        IBufferWriter<byte> output
    )
    {
        foreach (ref readonly var span in spans)
        {
            var block = bytes[..(int)span.Length];
            bytes = bytes[(int)span.Length..];
            while (!block.IsEmpty)
            {
                var end = block.IndexOf((byte)'\n');
                var line = end < 0 ? block : block[..end];
                output.Write("  | "u8);
                var sink = new ByteSink(output);
                TerminalSanitizer.Write(EntryText.TrimReturn(line), TextMode.Strip, ref sink);
                sink.Commit();
                output.Write("\n"u8);
                block = end < 0 ? [] : block[(end + 1)..];
            }
        }
    }
}
