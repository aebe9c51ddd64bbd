using Tspm.Protocol.Batches;

namespace Tspm.Cli.Rendering;

/// <summary>An entry's text without its line end.</summary>
internal static class EntryText
{
    /// <summary>Without the newline; or without the CR if that ended the entry.</summary>
    public static ReadOnlySpan<byte> TrimLineEnd(ReadOnlySpan<byte> entry, EntryFlags flags)
    {
        if (entry.EndsWith((byte)'\n'))
        {
            return entry[..^1];
        }

        return (flags & EntryFlags.BreakReturn) != 0 && entry.EndsWith((byte)'\r')
            ? entry[..^1]
            : entry;
    }

    /// <summary>Without one CR at the end.</summary>
    public static ReadOnlySpan<byte> TrimReturn(ReadOnlySpan<byte> text) =>
        text.EndsWith((byte)'\r') ? text[..^1] : text;
}
