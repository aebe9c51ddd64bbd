using System.Runtime.InteropServices;
using Tspm.CaptureLog;
using Tspm.Keeper.Interop;

namespace Tspm.Keeper.Capture;

/// <summary>Moves the bytes of a pipe or terminal to the end of its stream, once per call, whatever the disk says.</summary>
/// <remarks>One capture thread. Nothing is allocated while files take what they are given.</remarks>
internal sealed unsafe class StreamMover(
    TurnRecords records,
    SyncThread sync,
    FileCare care,
    RoomMaker room
) : IDisposable
{
    /// <summary>The most bytes of one turn.</summary>
    public const int MaxTurnBytes = 256 * 1024;

    /// <summary>What <see cref="Move"/> returns at the end of a pipe.</summary>
    public const long AtEnd = -1;

    private readonly byte* _staging = (byte*)NativeMemory.Alloc(MaxTurnBytes);

    /// <summary>Moves what is there.</summary>
    /// <param name="stream">The stream.</param>
    /// <param name="now">Monotonic time, ns.</param>
    /// <param name="mayWait">False if everything must be taken now, whatever bounds there are.</param>
    /// <returns>How many bytes; 0 if there were none, or they wait (then the stream is marked); or <see cref="AtEnd"/>.</returns>
    public long Move(CapturedStream stream, long now, bool mayWait)
    {
        if (!care.Prepare(stream, now, mayWait))
        {
            return 0;
        }

        var moved = stream.IsCopied ? Copy(stream, now) : Splice(stream, now, mayWait);
        if (moved == AtEnd)
        {
            care.Finish(stream, now);
        }

        return moved;
    }

    /// <inheritdoc/>
    public void Dispose() => NativeMemory.Free(_staging);

    private long Splice(CapturedStream stream, long now, bool mayWait)
    {
        var target = stream.Target;
        while (target.File is { } file)
        {
            var moved = Disk.Splice(
                stream.Descriptor,
                file.Descriptor,
                file.Path,
                file.Length,
                MaxTurnBytes
            );
            if (moved > 0)
            {
                Took(stream, file, moved);
                return moved;
            }

            if (moved == 0)
            {
                care.Abandon(target);
                return AtEnd;
            }

            var errno = LibC.LastError;
            switch (errno)
            {
                case LibC.Again:
                    care.Abandon(target);
                    return Nothing(stream);
                case LibC.Invalid:
                    // This file system or file knows no splice.
                    stream.IsCopied = true;
                    return Copy(stream, now);
                default:
                    if (!care.Refused(stream, errno, now, mayWait))
                    {
                        return 0;
                    }

                    break;
            }
        }

        return Copy(stream, now);
    }

    /// <summary>The weaker way: what was read is in no file until it is written, and a keeper that dies in between loses it.</summary>
    private long Copy(CapturedStream stream, long now)
    {
        nint read;
        do
        {
            read = LibC.read(stream.Descriptor, _staging, MaxTurnBytes);
        } while (read < 0 && LibC.LastError == LibC.Interrupted);
        if (read <= 0)
        {
            care.Abandon(stream.Target);

            // A terminal whose other side is closed.
            var isClosed = read < 0 && LibC.LastError == LibC.InputOutput;
            return read == 0 || isClosed ? AtEnd : Nothing(stream);
        }

        for (nint done = 0; done < read; )
        {
            if (stream.Target.File is not { } file)
            {
                Drop(stream, new ReadOnlySpan<byte>(_staging + done, (int)(read - done)));
                break;
            }

            var written = Disk.Write(
                file.Descriptor,
                file.Path,
                _staging + done,
                read - done,
                file.Length
            );
            if (written > 0)
            {
                Took(stream, file, written);
                done += written;
            }
            else
            {
                care.Refused(
                    stream,
                    written < 0 ? LibC.LastError : LibC.NoSpace,
                    now,
                    mayWait: false
                );
            }
        }

        return read;
    }

    private long Nothing(CapturedStream stream)
    {
        if (stream.IsRefused)
        {
            room.Unblock(stream);
        }

        return 0;
    }

    private void Took(CapturedStream stream, DataFile file, long bytes)
    {
        var target = stream.Target;
        if (target.IsReturning)
        {
            care.Arrived(stream);
        }

        if (stream.IsRefused)
        {
            room.Unblock(stream);
        }

        target.Advance(file, bytes);
        sync.Touch(file);
        CrashPoint.Pass(CrashPoint.AfterSplice);
        var chunk = stream.NewRecord(JournalRecordKind.Chunk);
        chunk.A = target.End;
        chunk.B = (ulong)bytes;
        records.Add(chunk);
    }

    /// <summary>Neither disk nor memory takes them: counted, told, gone.</summary>
    private void Drop(CapturedStream stream, ReadOnlySpan<byte> bytes)
    {
        var target = stream.Target;
        var dropped = DataFile.RecordOf(stream.Process, target.Stream, JournalRecordKind.Dropped);
        dropped.A = target.End;
        target.End += (ulong)bytes.Length;
        dropped.B = target.End;
        dropped.C = (ulong)bytes.Count((byte)'\n');
        records.Add(dropped);
    }
}
