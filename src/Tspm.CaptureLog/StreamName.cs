using System.Globalization;

namespace Tspm.CaptureLog;

/// <summary>Names one stream of bytes of a process, and its data files.</summary>
/// <param name="Kind">Out or err.</param>
/// <param name="OrphanRun">0 for the process's own stream; else the run whose output outlived it.</param>
public readonly record struct StreamName(StreamKind Kind, uint OrphanRun)
{
    private const int OffsetDigits = 16;

    /// <summary>"out", "err", "out.run5".</summary>
    public override string ToString()
    {
        var stem = Kind == StreamKind.Err ? "err" : "out";
        return OrphanRun == 0
            ? stem
            : string.Create(CultureInfo.InvariantCulture, $"{stem}.run{OrphanRun}");
    }

    /// <summary>The name of the data file whose first byte has this offset in the stream.</summary>
    public string DataFile(ulong offset) =>
        string.Create(CultureInfo.InvariantCulture, $"{ToString()}.{offset:D16}");

    /// <summary>Reads the name of a data file; false for any other file.</summary>
    public static bool TryParseDataFile(
        ReadOnlySpan<char> fileName,
        out StreamName stream,
        out ulong offset
    )
    {
        stream = default;
        offset = 0;
        var lastDot = fileName.LastIndexOf('.');
        if (
            lastDot < 0
            || fileName.Length - lastDot - 1 != OffsetDigits
            || !ulong.TryParse(
                fileName[(lastDot + 1)..],
                NumberStyles.None,
                CultureInfo.InvariantCulture,
                out offset
            )
        )
        {
            return false;
        }

        return TryParse(fileName[..lastDot], out stream);
    }

    private static bool TryParse(ReadOnlySpan<char> text, out StreamName stream)
    {
        stream = default;
        var kind =
            text.StartsWith("out") ? StreamKind.Out
            : text.StartsWith("err") ? StreamKind.Err
            : StreamKind.Event;
        if (kind == StreamKind.Event)
        {
            return false;
        }

        var rest = text[3..];
        var run = 0u;
        if (
            !rest.IsEmpty
            && (
                !rest.StartsWith(".run")
                || !uint.TryParse(
                    rest[4..],
                    NumberStyles.None,
                    CultureInfo.InvariantCulture,
                    out run
                )
                || run == 0
            )
        )
        {
            return false;
        }

        stream = new StreamName(kind, run);
        return true;
    }
}
