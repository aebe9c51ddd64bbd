using System.Buffers.Binary;

namespace Tspm.CaptureLog.Control;

/// <summary>What daemon and keeper say to each other: 12 bytes of header, then a body of fields.</summary>
/// <param name="Kind">What it is.</param>
/// <param name="Id">Number of the request, given back in its answer; 0 where none is expected.</param>
/// <param name="Length">Bytes of the body.</param>
public readonly record struct ControlFrame(ControlKind Kind, uint Id, int Length)
{
    /// <summary>Bytes of the header: u32 length of the body, u16 kind, u16 version, u32 id.</summary>
    public const int HeaderBytes = 12;

    /// <summary>The most bytes of a body.</summary>
    public const int MaxBytes = 8 * 1024 * 1024;

    /// <summary>The version this code speaks.</summary>
    public const ushort Version = 1;

    /// <summary>Writes the header.</summary>
    public void Write(Span<byte> destination)
    {
        BinaryPrimitives.WriteUInt32LittleEndian(destination, (uint)Length);
        BinaryPrimitives.WriteUInt16LittleEndian(destination[4..], (ushort)Kind);
        BinaryPrimitives.WriteUInt16LittleEndian(destination[6..], Version);
        BinaryPrimitives.WriteUInt32LittleEndian(destination[8..], Id);
    }

    /// <summary>Reads a header; false if no frame can begin so. A kind that is not known is passed over by its reader.</summary>
    public static bool TryRead(ReadOnlySpan<byte> header, out ControlFrame frame)
    {
        var length = BinaryPrimitives.ReadUInt32LittleEndian(header);
        var kind = (ControlKind)BinaryPrimitives.ReadUInt16LittleEndian(header[4..]);
        var version = BinaryPrimitives.ReadUInt16LittleEndian(header[6..]);
        frame = default;
        if (length > MaxBytes || version != Version || kind is ControlKind.None)
        {
            return false;
        }

        frame = new ControlFrame(
            kind,
            BinaryPrimitives.ReadUInt32LittleEndian(header[8..]),
            (int)length
        );
        return true;
    }
}

/// <summary>Kinds of control frames.</summary>
public enum ControlKind : ushort
{
    /// <summary>Nothing.</summary>
    None = 0,

    /// <summary>Daemon: who are you, what lives?</summary>
    Hello = 1,

    /// <summary>Keeper: <see cref="KeeperHello"/>.</summary>
    HelloReply = 2,

    /// <summary>Daemon: <see cref="SpawnOrder"/>.</summary>
    Spawn = 3,

    /// <summary>Keeper: <see cref="SpawnAnswer"/>.</summary>
    SpawnReply = 4,

    /// <summary>Daemon: <see cref="SignalOrder"/>.</summary>
    Signal = 5,

    /// <summary>Keeper: u32 errno.</summary>
    SignalReply = 6,

    /// <summary>Either: are you there? Empty.</summary>
    Ping = 7,

    /// <summary>The answer. Empty.</summary>
    Pong = 8,

    /// <summary>Daemon: clients are served now. Empty.</summary>
    Serving = 9,

    /// <summary>Daemon: end when all programs have ended. Empty.</summary>
    Shutdown = 10,

    /// <summary>Daemon: u32 process, u32 run: leave the open output to whoever holds it.</summary>
    CutDrain = 11,

    /// <summary>Keeper: u32 streams that were cut.</summary>
    CutDrainReply = 12,

    /// <summary>Keeper: somebody asked me to stop; stop everything in order.</summary>
    Terminate = 13,

    /// <summary>Daemon: how is it with you?</summary>
    Stats = 14,

    /// <summary>Keeper: u64 bytes that its garbage-collected heap has ever allocated.</summary>
    StatsReply = 15,

    /// <summary>Either: <see cref="RunHold"/>, with its descriptors.</summary>
    Hold = 32,

    /// <summary>Either: these were all holds. Empty.</summary>
    HoldEnd = 33,

    /// <summary>Anybody: facts about the keeper. Empty.</summary>
    Facts = 64,

    /// <summary>Keeper: <see cref="KeeperFacts"/>.</summary>
    FactsReply = 65,

    /// <summary>Anybody: <see cref="UpgradeOrder"/>: go on with this program as the daemon.</summary>
    UpgradeDaemon = 66,

    /// <summary>Anybody: <see cref="UpgradeOrder"/>: go on as this program yourself.</summary>
    UpgradeKeeper = 67,

    /// <summary>Keeper: <see cref="UpgradeAnswer"/>.</summary>
    UpgradeReply = 68,

    /// <summary>Anybody: u32 grace in ms, 2^32−1 for each one's own: stop everything without a daemon.</summary>
    StopAll = 69,

    /// <summary>Keeper: <see cref="StopList"/>; a <see cref="RunEnded"/> for each follows, then the end of the connection.</summary>
    StopAllReply = 70,

    /// <summary>Keeper: u32 process, u32 run, u32 pid: it has ended.</summary>
    RunEnded = 71,

    /// <summary>Daemon: u32 process, u32 run: let go of its stdin.</summary>
    CloseInput = 80,

    /// <summary>Keeper: u32 errno.</summary>
    CloseInputReply = 81,
}
