namespace Tspm.Cli.Rendering;

/// <summary>Passes on the harmless part of a colour sequence (SGR).</summary>
internal static class ColorSequence
{
    private const int MaxParameters = 16;
    private const int MaxValue = 65_535;

    /// <summary>Writes <c>ESC [ … m</c> without conceal (8) and blink (5, 6); false if it must not pass at all.</summary>
    /// <param name="sequence">The whole sequence.</param>
    /// <param name="sink">Where to.</param>
    /// <param name="sets">True if a colour may be set after it, false if all is reset, null if nothing was written.</param>
    public static bool Write(ReadOnlySpan<byte> sequence, ref ByteSink sink, out bool? sets)
    {
        sets = null;
        var body = sequence[2..^1];
        Span<Range> groups = stackalloc Range[MaxParameters + 1];
        var separators = body.Count((byte)';') + body.Count((byte)':');
        if (separators >= MaxParameters || !HasSmallNumbers(body))
        {
            return false;
        }

        var count = Split(body, groups);
        Span<bool> isKept = stackalloc bool[MaxParameters + 1];
        var kept = Choose(body, groups[..count], isKept);
        if (kept == 0)
        {
            return true;
        }

        sets = false;
        sink.Write("\e["u8);
        var isFirst = true;
        for (var index = 0; index < count; index++)
        {
            if (!isKept[index])
            {
                continue;
            }

            if (!isFirst)
            {
                sink.Write((byte)';');
            }

            isFirst = false;
            var group = body[groups[index]];
            sink.Write(group);
            sets |= group.ContainsAnyExcept((byte)'0');
        }

        sink.Write((byte)'m');
        return true;
    }

    private static int Split(ReadOnlySpan<byte> body, Span<Range> groups)
    {
        var count = 0;
        var start = 0;
        for (var at = 0; at <= body.Length; at++)
        {
            if (at == body.Length || body[at] == (byte)';')
            {
                groups[count++] = start..at;
                start = at + 1;
            }
        }

        return count;
    }

    private static int Choose(
        ReadOnlySpan<byte> body,
        ReadOnlySpan<Range> groups,
        Span<bool> isKept
    )
    {
        var kept = 0;
        for (var index = 0; index < groups.Length; )
        {
            var group = body[groups[index]];
            var value = Value(group);
            var length = 1;
            if (value is 38 or 48 or 58 && !group.Contains((byte)':'))
            {
                // 38;5;n or 38;2;r;g;b: the 5 in it is not blink. One that is cut short takes the rest with it.
                length = ExtendedLength(body, groups[index..]);
                if (length == 0)
                {
                    return kept;
                }
            }

            if (value is not (5 or 6 or 8))
            {
                isKept.Slice(index, length).Fill(true);
                kept += length;
            }

            index += length;
        }

        return kept;
    }

    private static int ExtendedLength(ReadOnlySpan<byte> body, ReadOnlySpan<Range> groups)
    {
        var kind = groups.Length > 1 ? Value(body[groups[1]]) : 0;
        var length =
            kind == 5 ? 3
            : kind == 2 ? 5
            : 0;
        if (length > groups.Length)
        {
            return 0;
        }

        foreach (var range in groups[..length])
        {
            if (body[range].Contains((byte)':'))
            {
                return 0;
            }
        }

        return length;
    }

    // The number before the first colon; 0 for none.
    private static int Value(ReadOnlySpan<byte> group)
    {
        var value = 0;
        foreach (var digit in group)
        {
            if (digit == (byte)':')
            {
                break;
            }

            value = Math.Min((value * 10) + (digit - '0'), MaxValue);
        }

        return value;
    }

    private static bool HasSmallNumbers(ReadOnlySpan<byte> body)
    {
        var digits = 0;
        foreach (var value in body)
        {
            digits = value is >= (byte)'0' and <= (byte)'9' ? digits + 1 : 0;
            if (digits > 5)
            {
                return false;
            }
        }

        return true;
    }
}
