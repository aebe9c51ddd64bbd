using Tspm.CaptureLog;

namespace Tspm.Logs;

/// <summary>Which entries a reader wants; the others are covered, never missing.</summary>
/// <param name="Out">Standard output.</param>
/// <param name="Err">Standard error.</param>
/// <param name="Events">Life-cycle entries.</param>
public readonly record struct LogFilter(bool Out, bool Err, bool Events)
{
    /// <summary>Everything.</summary>
    public static LogFilter All => new(true, true, true);

    /// <summary>Whether a stream is wanted.</summary>
    public bool Matches(StreamKind stream) =>
        stream switch
        {
            StreamKind.Out => Out,
            StreamKind.Err => Err,
            _ => Events,
        };
}
