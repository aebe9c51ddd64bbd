using Tspm.CaptureLog;

namespace Tspm.Keeper.Capture;

/// <summary>A data file that is not written any more.</summary>
/// <param name="Stream">Its stream.</param>
/// <param name="First">The offset of its first byte.</param>
/// <param name="Length">Its bytes.</param>
/// <param name="IsSpill">True if it lies in the spill directory.</param>
/// <param name="Path">Where it lies.</param>
/// <param name="BeforeOrd">All chunks in it have a smaller ord; 0 if that is not known.</param>
internal readonly record struct ClosedFile(
    StreamName Stream,
    ulong First,
    long Length,
    bool IsSpill,
    string Path,
    ulong BeforeOrd
);
