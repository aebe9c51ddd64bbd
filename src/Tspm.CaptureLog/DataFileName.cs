namespace Tspm.CaptureLog;

/// <summary>A data file as a directory shows it.</summary>
/// <param name="Stream">The stream.</param>
/// <param name="First">The offset in the stream of its first byte.</param>
/// <param name="IsSpill">True if it lies in the spill directory.</param>
/// <param name="Path">Where it lies.</param>
public readonly record struct DataFileName(
    StreamName Stream,
    ulong First,
    bool IsSpill,
    string Path
);
