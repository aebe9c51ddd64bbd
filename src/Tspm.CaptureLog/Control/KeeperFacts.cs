namespace Tspm.CaptureLog.Control;

/// <summary>What the keeper tells of itself to anybody of its user.</summary>
public sealed record KeeperFacts
{
    /// <summary>Its pid.</summary>
    public required uint Pid { get; init; }

    /// <summary>Its build.</summary>
    public required string Build { get; init; }

    /// <summary>Its version.</summary>
    public required string Version { get; init; }

    /// <summary>Milliseconds since it took the home.</summary>
    public ulong UptimeMs { get; init; }

    /// <summary>How often it went on as another program without ending.</summary>
    public uint Reexecs { get; init; }

    /// <summary>The daemon's pid; 0 while there is none.</summary>
    public uint DaemonPid { get; init; }

    /// <summary>How many daemons it has started.</summary>
    public uint DaemonStarts { get; init; }

    /// <summary>How the last daemon ended; empty if none has.</summary>
    public string LastDaemonEnd { get; init; } = "";

    /// <summary>Milliseconds until the next try; 0 if none is due.</summary>
    public uint NextTryMs { get; init; }

    /// <summary>First 8 bytes of the boot id.</summary>
    public ulong Boot { get; init; }

    /// <summary>Programs that live.</summary>
    public uint Running { get; init; }

    /// <summary>Where the last upgrade of the daemon is.</summary>
    public UpgradeState Upgrade { get; init; }

    /// <summary>Why it failed; empty if it did not.</summary>
    public string UpgradeNote { get; init; } = "";

    /// <summary>The frame.</summary>
    public ReadOnlyMemory<byte> Encode(uint id) =>
        new ControlWriter()
            .U32(Pid)
            .Text(Build)
            .Text(Version)
            .U64(UptimeMs)
            .U32(Reexecs)
            .U32(DaemonPid)
            .U32(DaemonStarts)
            .Text(LastDaemonEnd)
            .U32(NextTryMs)
            .U64(Boot)
            .U32(Running)
            .U32((uint)Upgrade)
            .Text(UpgradeNote)
            .Finish(ControlKind.FactsReply, id);

    /// <summary>Reads a body; null if it is not one.</summary>
    public static KeeperFacts? Decode(ReadOnlySpan<byte> body)
    {
        var fields = new ControlReader(body);
        var facts = new KeeperFacts
        {
            Pid = fields.U32(),
            Build = fields.Text(),
            Version = fields.Text(),
            UptimeMs = fields.U64(),
            Reexecs = fields.U32(),
            DaemonPid = fields.U32(),
            DaemonStarts = fields.U32(),
            LastDaemonEnd = fields.Text(),
            NextTryMs = fields.U32(),
            Boot = fields.U64(),
            Running = fields.U32(),
            Upgrade = (UpgradeState)fields.U32(),
            UpgradeNote = fields.Text(),
        };
        return fields.IsGood ? facts : null;
    }
}

/// <summary>Where an upgrade of the daemon is.</summary>
public enum UpgradeState : uint
{
    /// <summary>There was none.</summary>
    None = 0,

    /// <summary>The new daemon does not serve yet.</summary>
    Trying = 1,

    /// <summary>The new daemon serves.</summary>
    Done = 2,

    /// <summary>It could not start; the program before is in charge.</summary>
    Failed = 3,
}
