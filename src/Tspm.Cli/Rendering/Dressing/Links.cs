namespace Tspm.Cli.Rendering.Dressing;

/// <summary>Finds addresses and places in files; only these ever become hyperlinks.</summary>
internal static class Links
{
    private const int LongestExtension = 8;

    /// <summary>Whether a word begins an address: <c>http://</c>, <c>https://</c>.</summary>
    public static bool IsAddress(ReadOnlySpan<byte> line, int start, int end) =>
        (end - start) is 4 or 5
        && line[start..end].StartsWith("http"u8)
        && (end - start == 4 || line[end - 1] == (byte)'s')
        && line[end..].StartsWith("://"u8)
        && end + 3 < line.Length
        && ByteKinds.IsInWord(line[end + 3]);

    /// <summary>Where the address ends: at what cannot stand in one, without the full stop or bracket after it.</summary>
    public static int EndOfAddress(ReadOnlySpan<byte> line, int at, int longest)
    {
        var start = at;
        var most = Math.Min(line.Length, start + longest);
        while ((uint)at < (uint)most && ByteKinds.IsInAddress(line[at]))
        {
            at++;
        }

        while (
            line[at - 1]
                is (byte)'.'
                    or (byte)','
                    or (byte)';'
                    or (byte)':'
                    or (byte)')'
                    or (byte)'\''
        )
        {
            at--;
        }

        return at;
    }

    /// <summary>Whether a word is a file that a line number follows: <c>src/app.js:12</c>.</summary>
    public static bool IsPlace(ReadOnlySpan<byte> line, int start, int end)
    {
        if (end + 1 >= line.Length || line[end] != (byte)':' || !IsDigit(line[end + 1]))
        {
            return false;
        }

        var word = line[start..end];
        var dot = word.LastIndexOf((byte)'.');
        var extension = word[(dot + 1)..];
        return dot > 0
            && !extension.IsEmpty
            && extension.Length <= LongestExtension
            && !extension.Contains((byte)'/')
            && !IsDigit(extension[0])
            && word.IndexOfAnyInRange((byte)0x80, (byte)0xFF) < 0;
    }

    /// <summary>Where it ends: after the line, or after the column.</summary>
    public static int EndOfPlace(ReadOnlySpan<byte> line, int at)
    {
        for (var numbers = 0; numbers < 2; numbers++)
        {
            if (at + 1 >= line.Length || line[at] != (byte)':' || !IsDigit(line[at + 1]))
            {
                break;
            }

            at++;
            while (at < line.Length && IsDigit(line[at]))
            {
                at++;
            }
        }

        return at;
    }

    private static bool IsDigit(byte value) => value is >= (byte)'0' and <= (byte)'9';
}
