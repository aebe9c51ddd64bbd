using System.Buffers;
using System.Text;
using Tspm.Cli.Rendering.Dressing;

namespace Tspm.Cli.Rendering;

/// <summary>A log that a printer knows, with what stands before each of its lines.</summary>
/// <remarks>Belongs to the printer that made it.</remarks>
internal sealed class PrintedLog
{
    private readonly byte[] _color;
    private readonly byte[][] _prefixes =
    [
        [],
        [],
        [],
    ];
    private readonly TraceFold[] _folds = [new(), new(), new()];
    private readonly byte[][] _continuations =
    [
        [],
        [],
        [],
    ];

    internal PrintedLog(LogIdentity identity, int colorIndex, byte[] color)
    {
        Identity = identity;
        ColorIndex = colorIndex;
        _color = color;
        JsonLogHead = RenderJsonHead("log");
        JsonEventHead = RenderJsonHead("event");
        FullName = Encoding.UTF8.GetBytes(
            $"{TerminalSanitizer.Clean(identity.Ns)}/{TerminalSanitizer.Clean(identity.Name)}#"
        );
    }

    /// <summary>Whose log it is.</summary>
    public LogIdentity Identity { get; }

    /// <summary>Lines that <c>--field</c> has hidden.</summary>
    public long HiddenLines { get; set; }

    /// <summary>A group of lines with context was written: the next one is parted from it.</summary>
    internal bool HasGroup { get; set; }

    internal int ColorIndex { get; }

    internal byte[] JsonLogHead { get; }

    internal byte[] JsonEventHead { get; }

    /// <summary><c>ns/name#</c>.</summary>
    internal byte[] FullName { get; }

    /// <summary>What stands before a line of a stream: <c>web    | </c>.</summary>
    internal ReadOnlySpan<byte> Prefix(byte stream) => _prefixes[Math.Min(stream, (byte)2)];

    /// <summary>The same where a line goes on that other output has interrupted: <c>…      | </c>.</summary>
    internal ReadOnlySpan<byte> Continuation(byte stream) =>
        _continuations[Math.Min(stream, (byte)2)];

    /// <summary>The trace that a stream is printing.</summary>
    internal TraceFold FoldOf(byte stream) => _folds[Math.Min(stream, (byte)2)];

    /// <summary>Renders the prefixes.</summary>
    /// <param name="label">The name as it is shown.</param>
    /// <param name="width">Cells of the column.</param>
    internal void SetLabel(string label, int width)
    {
        for (var stream = 0; stream < _prefixes.Length; stream++)
        {
            _prefixes[stream] = RenderPrefix(label, width, "|!*"[stream]);
            _continuations[stream] = RenderPrefix("…", width, "|!*"[stream]);
        }
    }

    private byte[] RenderPrefix(string label, int width, char sign)
    {
        var text = Encoding.UTF8.GetBytes($"{CellWidth.Pad(label, width)} {sign}");
        return _color.Length == 0 ? [.. text, (byte)' '] : [.. _color, .. text, .. "\e[0m "u8];
    }

    private byte[] RenderJsonHead(string kind)
    {
        var output = new ArrayBufferWriter<byte>();
        var sink = new ByteSink(output);
        WriteJsonIdentity(kind, ref sink);
        sink.Commit();
        return output.WrittenSpan.ToArray();
    }

    /// <summary>Writes <c>{"v":1,"kind":…,"log":…,"id":…,"ns":…,"name":…</c>.</summary>
    internal void WriteJsonIdentity(string kind, ref ByteSink sink)
    {
        sink.Write("{\"v\":1,\"kind\":"u8);
        JsonText.Write(kind, ref sink);
        sink.Write(",\"log\":"u8);
        JsonText.Write(Identity.LogId, ref sink);
        sink.Write(",\"id\":"u8);
        sink.WriteNumber((long)Identity.Id);
        sink.Write(",\"ns\":"u8);
        JsonText.Write(Identity.Ns, ref sink);
        sink.Write(",\"name\":"u8);
        JsonText.Write(Identity.Name, ref sink);
    }
}
