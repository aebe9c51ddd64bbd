using Tspm.CaptureLog;

namespace Tspm.Keeper.Capture;

/// <summary>One open output of a run: a pipe or terminal, and the stream that it feeds.</summary>
/// <remarks>Owned by one capture thread from the moment it is given to it.</remarks>
internal sealed class CapturedStream
{
    /// <summary>The read end; −1 while the daemon has the only one.</summary>
    public required int Descriptor { get; set; }

    /// <summary>Out or err.</summary>
    public required StreamKind Kind { get; init; }

    /// <summary>The process.</summary>
    public required uint Process { get; init; }

    /// <summary>The run.</summary>
    public required uint Run { get; init; }

    /// <summary>The named pipe, removed at the end; null for a terminal.</summary>
    public required string? PipePath { get; init; }

    /// <summary>Where its bytes go; replaced when the pipe outlives its run.</summary>
    public required DataFileWriter Target { get; set; }

    /// <summary>Told once, on the capture thread, when the stream has ended.</summary>
    public required Action<CapturedStream> Ended { get; init; }

    /// <summary>Marks of its journal records.</summary>
    public JournalFlags Flags { get; set; }

    /// <summary>The tag in the epoll set.</summary>
    public ulong Tag { get; set; }

    /// <summary>True if splice is refused: bytes are read and written.</summary>
    public bool IsCopied { get; set; }

    /// <summary>Bytes the pipe holds.</summary>
    public int PipeSize { get; set; } = 64 * 1024;

    /// <summary>True if the pipe was made larger.</summary>
    public bool IsGrown { get; set; }

    /// <summary>Monotonic time, ns, of the last turn that found bytes.</summary>
    public long LastTurn { get; set; }

    /// <summary>Monotonic time, ns, of the next turn while it is taken by timer; 0 while epoll watches it.</summary>
    public long DueAt { get; set; }

    /// <summary>True while there is no room for its bytes; they wait in the pipe (onPressure: block).</summary>
    public bool IsRefused { get; set; }

    /// <summary>True if its pipe was opened by name after a keeper died: until it was seen empty its end may go untold.</summary>
    public bool MustProbe { get; set; }

    /// <summary>True when it has ended.</summary>
    public bool HasEnded { get; set; }

    /// <summary>A journal record of this stream and run.</summary>
    public JournalRecord NewRecord(JournalRecordKind kind) =>
        new()
        {
            Kind = kind,
            Stream = Kind,
            Flags = Flags,
            Process = Process,
            Run = Run,
        };
}
