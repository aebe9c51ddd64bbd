using Tspm.CaptureLog;
using Tspm.Keeper.Interop;

namespace Tspm.Keeper.Capture;

/// <summary>Keeps the files of a process within their bounds: the oldest goes and is told, or the program waits.</summary>
/// <remarks>One capture thread.</remarks>
internal sealed class RoomMaker(TurnRecords records, KeeperLog log)
{
    private const int ReadBytes = 256 * 1024;
    private byte[]? _buffer;

    /// <summary>Makes room for the next bytes of a stream. False if they must wait.</summary>
    public bool MakeRoom(CapturedStream stream, bool mayWait, out bool isVolumeFull)
    {
        var target = stream.Target;
        var files = target.Files;
        isVolumeFull = false;
        files.TellRoom();
        if (!IsFull(target))
        {
            return true;
        }

        files.ForgetDeleted();
        files.TellRoom();
        while (IsFull(target))
        {
            if (files.Rules.MustBlock)
            {
                if (mayWait)
                {
                    Block(stream);
                }

                return !mayWait;
            }

            // A file that somebody has open gives its bytes back later: for the volume and the home one is enough until the next look.
            var isOwn = files.Bytes > files.Rules.Cap;
            if (files.FindOldest(isSpill: false) is not { } oldest)
            {
                isVolumeFull = IsVolumeFull(target);
                return true;
            }

            Drop(files, oldest);
            files.TellRoom();
            if (!isOwn)
            {
                break;
            }
        }

        return true;
    }

    /// <summary>From now on the bytes of a stream wait in its pipe.</summary>
    public void Block(CapturedStream stream)
    {
        stream.Target.CareAt = 0;
        if (!stream.IsRefused)
        {
            stream.IsRefused = true;
            Tell(stream, 1);
            log.Write(2106, $"{stream.Target}: no room, the program waits");
        }
    }

    /// <summary>Bytes were taken, or there were none.</summary>
    public void Unblock(CapturedStream stream)
    {
        stream.IsRefused = false;
        Tell(stream, 0);
        log.Write(2107, $"{stream.Target}: goes on");
    }

    /// <summary>True if the spill of this process, or of all, holds too much.</summary>
    public static bool IsSpillFull(ProcessFiles files) =>
        files.SpillBytes > HomeRoom.SpillProcessBytes
        || (files.SpillBytes > 0 && files.Room.IsSpillFull);

    /// <summary>Drops the oldest closed spill file of a process. False if there is none.</summary>
    public bool DropOldestSpill(ProcessFiles files)
    {
        if (files.FindOldest(isSpill: true) is not { } oldest)
        {
            return false;
        }

        Drop(files, oldest);
        return true;
    }

    private static bool IsFull(DataFileWriter target) =>
        target.Files.Bytes > target.Files.Rules.Cap
        || target.Files.Room.IsHomeFull
        || IsVolumeFull(target);

    private static bool IsVolumeFull(DataFileWriter target) =>
        target.File is { IsSpill: false } file && target.Files.Room.IsVolumeFull(file.Descriptor);

    private void Tell(CapturedStream stream, ulong begins)
    {
        var files = stream.Target.Files;
        var blocked = stream.NewRecord(JournalRecordKind.Blocked);
        blocked.A = begins;
        blocked.B = (ulong)files.Bytes;
        blocked.C = (ulong)files.Rules.Cap;
        records.Add(blocked);
    }

    /// <summary>Told first, then deleted: who misses the file finds the reason.</summary>
    private void Drop(ProcessFiles files, in ClosedFile file)
    {
        if (file.Length == 0)
        {
            Disk.Delete(file.Path);
            files.Forget(file);
            return;
        }

        var isConsumed = file.BeforeOrd != 0 && file.BeforeOrd <= files.Room.Consumed();
        var newlines = JournalRecord.UnknownNewlines;
        if (!isConsumed && !TryCount(file, out newlines))
        {
            // Retention was here first.
            files.Forget(file);
            return;
        }

        var dropped = DataFile.RecordOf(files.Process, file.Stream, JournalRecordKind.Dropped);
        dropped.A = file.First;
        dropped.B = ProcessFiles.EndOf(file);
        dropped.C = newlines;
        records.Add(dropped);
        records.Write();
        CrashPoint.Pass(CrashPoint.InDrop);
        if (!Disk.Delete(file.Path))
        {
            log.Write(2108, $"{file.Path}: cannot be deleted, errno {LibC.LastError}");
        }

        files.Forget(file);
    }

    private bool TryCount(in ClosedFile file, out ulong newlines)
    {
        newlines = 0;
        _buffer ??= new byte[ReadBytes];
        try
        {
            using var handle = File.OpenHandle(
                file.Path,
                FileMode.Open,
                FileAccess.Read,
                FileShare.ReadWrite | FileShare.Delete
            );
            for (long at = 0; at < file.Length; )
            {
                var room = (int)Math.Min(_buffer.Length, file.Length - at);
                var read = RandomAccess.Read(handle, _buffer.AsSpan(0, room), at);
                if (read == 0)
                {
                    break;
                }

                newlines += (ulong)_buffer.AsSpan(0, read).Count((byte)'\n');
                at += read;
            }

            return true;
        }
        catch (FileNotFoundException)
        {
            return false;
        }
        catch (IOException)
        {
            // The device cannot give it back any more.
            newlines = JournalRecord.UnknownNewlines;
            return true;
        }
    }
}
