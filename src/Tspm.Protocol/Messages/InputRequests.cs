namespace Tspm.Protocol.Messages;

/// <summary>Bytes for the stdin of a program.</summary>
public sealed record SendRequest
{
    /// <summary>The most bytes of one request.</summary>
    public const int MaxBytes = 64 * 1024;

    /// <summary>Which process; one.</summary>
    public required string Select { get; init; }

    /// <summary>The run that is meant; 0 for the one that lives.</summary>
    public uint Run { get; init; }

    /// <summary>The bytes, base64 on the wire.</summary>
    public byte[] Bytes { get; set; } = [];

    /// <summary>Close the stdin afterwards; on a terminal, send the key for the end of input.</summary>
    public bool Eof { get; init; }

    /// <summary>How long a program may take that does not read, ms.</summary>
    public int TimeoutMs { get; set; } = 5_000;
}

/// <summary>What was sent.</summary>
/// <param name="Id">The process.</param>
/// <param name="Run">The run.</param>
/// <param name="Written">Bytes that are in its pipe or terminal.</param>
public sealed record SendReply(uint Id, uint Run, int Written)
{
    /// <summary>Why not all of them are; null if all are.</summary>
    public string? Error { get; init; }

    /// <summary>It is a terminal.</summary>
    public bool IsTerminal { get; init; }
}

/// <summary>The size of the terminal of a program.</summary>
/// <param name="Id">The process.</param>
/// <param name="Rows">Lines, 1 to 65535.</param>
/// <param name="Columns">Cells of a line, 1 to 65535.</param>
public sealed record ResizeRequest(uint Id, int Rows, int Columns);

/// <summary>Options of a subscription to a terminal.</summary>
public sealed record TerminalSubscribeOptions
{
    /// <summary>Begin at this offset of the stream; null begins <see cref="Tail"/> before its end.</summary>
    public long? After { get; init; }

    /// <summary>Bytes before the end to begin with.</summary>
    public int Tail { get; init; }
}

/// <summary>What a subscription to a terminal begins with.</summary>
/// <param name="Run">The run that lives.</param>
/// <param name="Offset">The offset of the first byte that comes.</param>
public sealed record SubscribedTerminal(uint Run, long Offset);
