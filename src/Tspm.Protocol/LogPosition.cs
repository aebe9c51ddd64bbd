namespace Tspm.Protocol;

/// <summary>A reader's place in one process's log.</summary>
/// <param name="Epoch">Counts how often the log was opened for numbering; 0 before the first.</param>
/// <param name="Seq">The last sequence number seen; 0 means "before the first entry".</param>
public readonly record struct LogPosition(uint Epoch, long Seq);
