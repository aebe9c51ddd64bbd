namespace Tspm.CaptureLog;

/// <summary>Which of a program's outputs an entry, chunk or file belongs to.</summary>
public enum StreamKind : byte
{
    /// <summary>Standard output; with merged streams or a terminal, everything.</summary>
    Out = 0,

    /// <summary>Standard error.</summary>
    Err = 1,

    /// <summary>No output: in the journal "none", in the index a life-cycle entry.</summary>
    Event = 2,
}
