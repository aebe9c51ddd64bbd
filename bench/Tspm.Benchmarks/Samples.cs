using System.Buffers;
using System.Text;
using Tspm.Protocol.Batches;

namespace Tspm.Benchmarks;

/// <summary>The input that all benchmarks share: lines of 100 bytes, as a program writes them in 64 KiB blocks.</summary>
internal static class Samples
{
    /// <summary>Lines in a block.</summary>
    public const int Lines = 655;

    /// <summary>Bytes in a line.</summary>
    public const int LineBytes = 100;

    public static byte[] Block()
    {
        var text = new StringBuilder();
        for (var i = 0; i < Lines; i++)
        {
            var head = $"{i:D10} GET /api/orders/{i % 97} 200 {i % 31} ms";
            text.Append(head).Append('x', LineBytes - 1 - head.Length).Append('\n');
        }

        return Encoding.ASCII.GetBytes(text.ToString());
    }

    /// <summary>One span over a block.</summary>
    public static WireSpan Span(long seq) =>
        new()
        {
            Seq = seq,
            Count = Lines,
            Length = Lines * LineBytes,
            Run = 1,
            Ord = 2,
            Wall = 638_000_000_000_000_000,
        };
}

/// <summary>Takes everything and keeps nothing.</summary>
internal sealed class Discard : IBufferWriter<byte>
{
    private readonly byte[] _buffer = new byte[1 << 20];

    public void Advance(int count) { }

    public Memory<byte> GetMemory(int sizeHint = 0) => _buffer;

    public Span<byte> GetSpan(int sizeHint = 0) => _buffer;
}
