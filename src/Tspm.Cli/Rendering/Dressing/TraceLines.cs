namespace Tspm.Cli.Rendering.Dressing;

/// <summary>Tells lines that go on with an event of several lines, as stack traces do, from those that begin one.</summary>
internal static class TraceLines
{
    /// <summary>What a line is.</summary>
    public static LineKind KindOf(ReadOnlySpan<byte> line)
    {
        if (line.IsEmpty)
        {
            return LineKind.Single;
        }

        if (
            line[0] is (byte)' ' or (byte)'\t'
            || line.StartsWith("Caused by:"u8)
            || line.StartsWith("at "u8)
            || line.StartsWith("--- End of"u8)
            || line.StartsWith("goroutine "u8)
        )
        {
            return LineKind.Continues;
        }

        var isOpening =
            line.IndexOf("xception"u8) >= 0
            || line.IndexOf("rror"u8) >= 0
            || line.StartsWith("Traceback"u8)
            || line.StartsWith("panic"u8)
            || line.StartsWith("thread '"u8);
        return isOpening ? LineKind.Begins : LineKind.Single;
    }
}

/// <summary>What a line is to those around it.</summary>
internal enum LineKind
{
    /// <summary>It stands alone.</summary>
    Single,

    /// <summary>More lines may belong to it.</summary>
    Begins,

    /// <summary>It belongs to the line before it.</summary>
    Continues,
}
