using System.Runtime.InteropServices;
using Tspm.CaptureLog;
using Tspm.CaptureLog.Control;
using Tspm.Keeper.Interop;

namespace Tspm.Keeper.Reexec;

/// <summary>What a keeper tells the program that it goes on as: numbers of descriptors that stay open over exec, and its tables.</summary>
/// <remarks>Written into a file without a name. A program checks by <see cref="BuildReport"/> that the next one can read it.</remarks>
internal sealed record Handover
{
    /// <summary>The format this code writes.</summary>
    public const int Format = 1;

    private const int Nothing = -1;

    /// <summary>The home's lock, held over exec.</summary>
    public required int Lock { get; init; }

    /// <summary>The control socket that listens.</summary>
    public required int Listener { get; init; }

    /// <summary>The daemon's connection.</summary>
    public HandedConnection DaemonConnection { get; init; } = HandedConnection.None;

    /// <summary>The connection that asked for this, and waits for its answer.</summary>
    public HandedConnection Asker { get; init; } = HandedConnection.None;

    /// <summary>The number of the request.</summary>
    public uint AskedId { get; init; }

    /// <summary>The daemon.</summary>
    public required HandedDaemon Daemon { get; init; }

    /// <summary>The soft limit of open files the first keeper was started with.</summary>
    public ulong OpenFiles { get; init; }

    /// <summary>Monotonic time, ns, at which the home was taken.</summary>
    public long Since { get; init; }

    /// <summary>How often the keeper went on as another program, this time included.</summary>
    public uint Reexecs { get; init; }

    /// <summary>All runs that have not ended completely, in the order of their start.</summary>
    public IReadOnlyList<HandedRun> Runs { get; init; } = [];

    /// <summary>The descriptors that stay open.</summary>
    public IEnumerable<int> Descriptors =>
        Runs.SelectMany(run => run.Streams.Select(stream => stream.Descriptor).Append(run.Input))
            .Concat([Lock, Listener, DaemonConnection.Descriptor, Asker.Descriptor])
            .Where(descriptor => descriptor != Nothing);

    /// <summary>Writes it down; the descriptor of what was written, which exec leaves open.</summary>
    /// <exception cref="IOException">There is no memory for it.</exception>
    /// <exception cref="ArgumentException">It is larger than a frame.</exception>
    public unsafe int Save()
    {
        var text = Encode().Span;
        var file = LibC.OpenMemory("tspm-handover");
        if (file < 0)
        {
            throw new IOException(Marshal.GetPInvokeErrorMessage(LibC.LastError));
        }

        fixed (byte* first = text)
        {
            if (LibC.pwrite(file, first, (nuint)text.Length, 0) != text.Length)
            {
                LibC.close(file);
                throw new IOException(Marshal.GetPInvokeErrorMessage(LibC.LastError));
            }
        }

        LibC.SetCloseOnExec(file, closes: false);
        return file;
    }

    /// <summary>Reads what a keeper wrote before it went on as this program.</summary>
    /// <exception cref="IOException">It is not to be read.</exception>
    public static unsafe Handover Load(int file)
    {
        var bytes = new byte[ControlFrame.HeaderBytes + ControlFrame.MaxBytes];
        var length = 0;
        fixed (byte* first = bytes)
        {
            nint read;
            while (
                (read = LibC.pread(file, first + length, (nuint)(bytes.Length - length), length))
                > 0
            )
            {
                length += (int)read;
            }
        }

        LibC.close(file);
        var body = bytes.AsSpan(0, length);
        return
            length >= ControlFrame.HeaderBytes
            && Decode(body[ControlFrame.HeaderBytes..]) is { } handover
            ? handover
            : throw new IOException("the keeper before left nothing that can be read");
    }

    /// <summary>The bytes.</summary>
    public ReadOnlyMemory<byte> Encode()
    {
        var writer = new ControlWriter()
            .U32(Format)
            .U32((uint)Lock)
            .U32((uint)Listener)
            .U32(AskedId)
            .U32((uint)Daemon.Pid)
            .U32(Daemon.IsChild ? 1u : 0)
            .U32(Daemon.IsServing ? 1u : 0)
            .U32(Daemon.Starts)
            .U64(OpenFiles)
            .U64((ulong)Since)
            .U32(Reexecs);
        DaemonConnection.Write(writer);
        Asker.Write(writer);
        writer.U32((uint)Runs.Count);
        foreach (var run in Runs)
        {
            run.Write(writer);
        }

        // Behind all that an older program reads; one that does not know it only keeps the descriptors open.
        foreach (var run in Runs)
        {
            writer.U32((uint)run.Input);
        }

        return writer.Finish(ControlKind.UpgradeKeeper, 0);
    }

    /// <summary>Reads the bytes after the header; null if they are something else.</summary>
    public static Handover? Decode(ReadOnlySpan<byte> body)
    {
        var fields = new ControlReader(body);
        if (fields.U32() != Format)
        {
            return null;
        }

        var handover = new Handover
        {
            Lock = (int)fields.U32(),
            Listener = (int)fields.U32(),
            AskedId = fields.U32(),
            Daemon = new HandedDaemon(
                (int)fields.U32(),
                fields.U32() != 0,
                fields.U32() != 0,
                fields.U32()
            ),
            OpenFiles = fields.U64(),
            Since = (long)fields.U64(),
            Reexecs = fields.U32(),
            DaemonConnection = HandedConnection.Read(ref fields),
            Asker = HandedConnection.Read(ref fields),
        };
        var count = fields.U32();
        var runs = new List<HandedRun>();
        for (var i = 0u; i < count && fields.IsGood; i++)
        {
            if (HandedRun.Read(ref fields) is not { } run)
            {
                return null;
            }

            runs.Add(run);
        }

        for (var i = 0; i < runs.Count && fields.HasMore; i++)
        {
            runs[i] = runs[i] with { Input = (int)fields.U32() };
        }

        return fields.IsGood ? handover with { Runs = runs } : null;
    }
}

/// <summary>The daemon that goes on.</summary>
/// <param name="Pid">Its pid; 0 if there is none.</param>
/// <param name="IsChild">It is our child.</param>
/// <param name="IsServing">It serves.</param>
/// <param name="Starts">How many daemons were started.</param>
internal readonly record struct HandedDaemon(int Pid, bool IsChild, bool IsServing, uint Starts);

/// <summary>A connection that stays open.</summary>
/// <param name="Descriptor">Its number; −1 if there is none.</param>
/// <param name="PeerPid">The pid of the other side.</param>
/// <param name="Unread">The beginning of a frame whose end has not come yet.</param>
internal sealed record HandedConnection(int Descriptor, int PeerPid, byte[] Unread)
{
    /// <summary>No connection.</summary>
    public static HandedConnection None { get; } = new(-1, 0, []);

    /// <summary>Writes it.</summary>
    public void Write(ControlWriter writer) =>
        writer.U32((uint)Descriptor).U32((uint)PeerPid).Text(Convert.ToHexString(Unread));

    /// <summary>Reads it.</summary>
    public static HandedConnection Read(ref ControlReader fields) =>
        new((int)fields.U32(), (int)fields.U32(), Hex.Read(ref fields));
}

/// <summary>A run that goes on.</summary>
/// <param name="Order">What was ordered, without the environment.</param>
/// <param name="Pid">The leader.</param>
/// <param name="StartTime">Its start time, clock ticks.</param>
/// <param name="HasExited">It was reaped already.</param>
/// <param name="IsChild">It is our child.</param>
/// <param name="Records">The records that tell of it at the start of a journal file.</param>
/// <param name="Streams">Its outputs that are open.</param>
internal sealed record HandedRun(
    SpawnOrder Order,
    int Pid,
    ulong StartTime,
    bool HasExited,
    bool IsChild,
    IReadOnlyList<JournalRecord> Records,
    IReadOnlyList<HandedStream> Streams
)
{
    /// <summary>The write end of its stdin; −1 if there is none.</summary>
    public int Input { get; init; } = -1;

    /// <summary>Writes it.</summary>
    public void Write(ControlWriter writer)
    {
        var records = Records.ToArray();
        writer
            .Text(Convert.ToHexString(Order.Encode(0).Span[ControlFrame.HeaderBytes..]))
            .U32((uint)Pid)
            .U64(StartTime)
            .U32(HasExited ? 1u : 0)
            .U32(IsChild ? 1u : 0)
            .Text(Convert.ToHexString(MemoryMarshal.AsBytes(records.AsSpan())))
            .U32((uint)Streams.Count);
        foreach (var stream in Streams)
        {
            writer
                .U32((uint)stream.Descriptor)
                .U32((uint)stream.Kind)
                .U32((uint)stream.Flags)
                .U32(stream.IsCopied ? 1u : 0)
                .U32((uint)stream.PipeSize)
                .U64(stream.End)
                .Text(stream.PipePath ?? "");
        }
    }

    /// <summary>Reads it; null if it is something else.</summary>
    public static HandedRun? Read(ref ControlReader fields)
    {
        var order = SpawnOrder.Decode(Hex.Read(ref fields));
        var pid = (int)fields.U32();
        var startTime = fields.U64();
        var hasExited = fields.U32() != 0;
        var isChild = fields.U32() != 0;
        var records = Hex.Read(ref fields);
        var count = fields.U32();
        var streams = new List<HandedStream>();
        for (var i = 0u; i < count && fields.IsGood; i++)
        {
            streams.Add(
                new HandedStream(
                    (int)fields.U32(),
                    (StreamKind)fields.U32(),
                    (JournalFlags)fields.U32(),
                    fields.U32() != 0,
                    (int)fields.U32(),
                    fields.U64(),
                    fields.Text() is { Length: > 0 } path ? path : null
                )
            );
        }

        return order is null || records.Length % JournalRecord.Length != 0
            ? null
            : new HandedRun(
                order,
                pid,
                startTime,
                hasExited,
                isChild,
                MemoryMarshal.Cast<byte, JournalRecord>(records).ToArray(),
                streams
            );
    }
}

/// <summary>An output that is open.</summary>
/// <param name="Descriptor">The read end.</param>
/// <param name="Kind">Out or err.</param>
/// <param name="Flags">Marks of its records.</param>
/// <param name="IsCopied">Splice is refused.</param>
/// <param name="PipeSize">Bytes the pipe holds.</param>
/// <param name="End">Offset in the stream after its last byte.</param>
/// <param name="PipePath">The named pipe; null for a terminal.</param>
internal sealed record HandedStream(
    int Descriptor,
    StreamKind Kind,
    JournalFlags Flags,
    bool IsCopied,
    int PipeSize,
    ulong End,
    string? PipePath
);

/// <summary>Bytes as a field.</summary>
internal static class Hex
{
    /// <summary>Reads them; none if they are none.</summary>
    public static byte[] Read(ref ControlReader fields)
    {
        var text = fields.Text();
        return text.Length % 2 == 0 && text.All(char.IsAsciiHexDigit)
            ? Convert.FromHexString(text)
            : [];
    }
}
