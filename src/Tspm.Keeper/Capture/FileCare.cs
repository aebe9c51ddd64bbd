using System.Runtime.InteropServices;
using Tspm.CaptureLog;
using Tspm.Keeper.Interop;

namespace Tspm.Keeper.Capture;

/// <summary>Sees to it that a stream has a file that takes its bytes: rotation, bounds, files that somebody changed, the way to the spill and back.</summary>
/// <remarks>One capture thread. On the hot path it is three comparisons; all else happens once a second, or when a file is full.</remarks>
internal sealed class FileCare(TurnRecords records, SyncThread sync, RoomMaker room, KeeperLog log)
{
    private const long LookAgainBytes = 16 * 1024 * 1024;
    private const long SpillLookBytes = 64 * 1024;
    private const long ProbeBytes = 64 * 1024;

    /// <summary>Monotonic time, ns, at which streams that are away are tried without bytes; the last there is if none is away.</summary>
    public long QuietLookAt { get; private set; } = long.MaxValue;

    /// <summary>Before bytes are moved. False if they must wait in the pipe.</summary>
    public bool Prepare(CapturedStream stream, long now, bool mayWait)
    {
        var target = stream.Target;
        return target.File is { } file
                && now < target.CareAt
                && file.Length < target.CareLength
                && Volatile.Read(ref file.IsSuspect) == 0
            || Care(stream, now, mayWait);
    }

    /// <summary>A file did not take bytes. False if they must wait in the pipe; else there is another file, or none at all.</summary>
    public bool Refused(CapturedStream stream, int errno, long now, bool mayWait)
    {
        var target = stream.Target;
        target.CareAt = 0;
        if (target.IsReturning)
        {
            Abandon(target);
            if (target.File is null)
            {
                BeginSpill(stream, errno, now);
            }
        }
        else if (!target.IsAway)
        {
            if (mayWait && target.Files.Rules.MustBlock)
            {
                room.Block(stream);
                return false;
            }

            log.Write(
                2101,
                $"{target}: {Marshal.GetPInvokeErrorMessage(errno)}; goes on in {target.Files.SpillDirectory}"
            );
            Leave(target);
            BeginSpill(stream, errno, now);
        }
        else if (!room.DropOldestSpill(target.Files))
        {
            LeaveSpill(stream, errno);
        }

        return true;
    }

    /// <summary>A stream is there whose newest file may be in the spill already.</summary>
    public void Take(CapturedStream stream, long now)
    {
        if (stream.Target.IsAway)
        {
            LookSoon(stream.Target, now);
        }
    }

    /// <summary>Tries the home for streams that are away and have nothing to write: nobody else would notice that there is space again.</summary>
    public void LookWhileQuiet(Dictionary<ulong, CapturedStream>.ValueCollection streams, long now)
    {
        QuietLookAt = long.MaxValue;
        foreach (var stream in streams)
        {
            var target = stream.Target;
            if (!target.IsAway)
            {
                continue;
            }

            TryReturn(stream, now);
            if (target is { IsReturning: true, File: { } home })
            {
                if (Disk.TryReserve(home.Descriptor, home.Path, ProbeBytes))
                {
                    Arrived(stream);
                }
                else
                {
                    Abandon(target);
                }
            }

            if (target.IsAway)
            {
                LookSoon(target, now);
            }
        }
    }

    /// <summary>The home takes bytes again.</summary>
    public void Arrived(CapturedStream stream)
    {
        var target = stream.Target;
        // Returning: there is a file in the home.
        var home = target.File!;
        target.IsReturning = false;
        target.CareAt = 0;
        if (target.Previous is { } spill)
        {
            target.Previous = null;
            if (spill.Length == 0)
            {
                Disk.Delete(spill.Path);
            }
            else
            {
                target.Files.Close(spill, spill.Length, records.WriteAndTellNext());
            }

            sync.CloseLater(spill);
        }

        sync.Add(home);
        CrashPoint.Pass(CrashPoint.InReturn);
        var ended = stream.NewRecord(JournalRecordKind.SpillEnded);
        ended.A = home.First;
        records.Add(ended);
        log.Write(2102, $"{home.Path}: goes on in the home");
    }

    /// <summary>The pipe has ended: what is gone of the file is told, and the names of the files tell where the stream ends.</summary>
    public void Finish(CapturedStream stream, long now)
    {
        var target = stream.Target;
        if (target.File is { IsSpill: false } file && FileChecks.FindLoss(file) is { } loss)
        {
            TellLoss(stream, file, loss);
            Begin(stream, RotationReason.Changed, now, loss.KeptOf(file.Length));
        }

        // Output was dropped last: an empty file stands for the end of the stream.
        target.File ??= CreateInHome(target);
    }

    /// <summary>The home was tried and there was nothing to write, or it refused: back to where we were.</summary>
    public void Abandon(DataFileWriter target)
    {
        if (!target.IsReturning)
        {
            return;
        }

        // Returning: there is a file in the home.
        Disk.Delete(target.File!.Path);
        sync.CloseLater(target.File);
        target.File = target.Previous;
        target.Previous = null;
        target.IsReturning = false;
    }

    private bool Care(CapturedStream stream, long now, bool mayWait)
    {
        var target = stream.Target;
        if (target.IsAway)
        {
            CareAway(stream, now);
            return true;
        }

        // Not away: there is a file. Checked before the size, which may have changed.
        var file = target.File!;
        if (FileChecks.FindLoss(file) is { } loss)
        {
            TellLoss(stream, file, loss);
            Begin(stream, RotationReason.Changed, now, loss.KeptOf(file.Length));
        }
        else if (Volatile.Read(ref file.IsSuspect) != 0)
        {
            Begin(stream, RotationReason.FailedSync, now);
        }
        else if (file.Length >= (long)target.Files.Rules.FileBytes)
        {
            Begin(stream, RotationReason.Size, now);
        }

        var canGoOn = room.MakeRoom(stream, mayWait, out var isVolumeFull);
        if (isVolumeFull && !target.IsAway)
        {
            return Refused(stream, LibC.NoSpace, now, mayWait);
        }

        target.CareAt = now + target.Files.Room.LookEvery;
        target.CareLength = target.File is { } current
            ? Math.Min((long)target.Files.Rules.FileBytes, current.Length + LookAgainBytes)
            : 0;
        if (target.File?.Length >= target.CareLength)
        {
            // No new file could be made: the old one goes on until the next look.
            target.CareLength = long.MaxValue;
        }

        return canGoOn;
    }

    private void CareAway(CapturedStream stream, long now)
    {
        var target = stream.Target;
        if (now >= target.RetryAt)
        {
            TryReturn(stream, now);
            if (target.IsReturning)
            {
                return;
            }
        }

        if (target.File is { IsSpill: true } full && full.Length >= HomeRoom.SpillFileBytes)
        {
            NextSpillFile(stream);
        }

        while (RoomMaker.IsSpillFull(target.Files))
        {
            if (!room.DropOldestSpill(target.Files))
            {
                LeaveSpill(stream, 0);
                break;
            }
        }

        if (target.File is { } file)
        {
            var left = Math.Max(0, HomeRoom.SpillProcessBytes - target.Files.SpillBytes);
            target.CareAt = Math.Min(now + target.Files.Room.LookEvery, target.RetryAt);
            target.CareLength = Math.Min(
                HomeRoom.SpillFileBytes,
                file.Length + Math.Max(SpillLookBytes, left / 2)
            );
        }
    }

    /// <summary>Opens a file in the home for the next bytes; whether it takes them is seen then.</summary>
    private void TryReturn(CapturedStream stream, long now)
    {
        var target = stream.Target;
        target.RetryAt = now + target.Files.Room.RetryAfter;
        var home = CreateInHome(target);
        var errno = LibC.LastError;
        if (home is not null && target.Files.Room.IsVolumeFull(home.Descriptor))
        {
            Disk.Delete(home.Path);
            sync.CloseLater(home);
            home = null;
            errno = LibC.NoSpace;
        }

        if (home is not null)
        {
            target.Previous = target.File;
            target.File = home;
            target.IsReturning = true;
        }
        else if (target.File is null)
        {
            BeginSpill(stream, errno, now);
        }
    }

    /// <summary>A new file in the home, at the end of the stream.</summary>
    private void Begin(
        CapturedStream stream,
        RotationReason reason,
        long now,
        long kept = long.MaxValue
    )
    {
        var target = stream.Target;
        if (target.File is { Length: 0 })
        {
            // The name is needed again.
            Leave(target);
        }

        var next = CreateInHome(target);
        if (next is null && reason == RotationReason.Size)
        {
            return;
        }

        var errno = LibC.LastError;
        CrashPoint.Pass(CrashPoint.InRotation);
        Leave(target, kept);
        if (next is null)
        {
            BeginSpill(stream, errno, now);
            return;
        }

        target.File = next;
        sync.Add(next);
        TellRotated(stream, reason);
    }

    private void TellRotated(CapturedStream stream, RotationReason reason)
    {
        var rotated = stream.NewRecord(JournalRecordKind.Rotated);
        rotated.A = stream.Target.End;
        rotated.B = (ulong)reason;
        records.Add(rotated);
    }

    private static DataFile? CreateInHome(DataFileWriter target)
    {
        var files = target.Files;
        var file = Create();
        if (file is null && LibC.LastError == LibC.NoEntry)
        {
            // Somebody deleted the directory.
            LibC.mkdir(files.Directory, 0x1C0);
            file = Create();
        }

        return file;

        DataFile? Create() => files.Create(target.Stream, target.End, isSpill: false);
    }

    private void BeginSpill(CapturedStream stream, int errno, long now)
    {
        var target = stream.Target;
        target.RetryAt = now + target.Files.Room.RetryAfter;
        LookSoon(target, now);
        if (!TryCreateSpill(target))
        {
            return;
        }

        CrashPoint.Pass(CrashPoint.InSpill);
        var began = stream.NewRecord(JournalRecordKind.SpillBegan);
        began.A = target.End;
        began.B = (ulong)errno;
        records.Add(began);
    }

    private void LookSoon(DataFileWriter target, long now)
    {
        var after = target.Files.Room.QuietRetryAfter;
        QuietLookAt = Math.Min(QuietLookAt, after == long.MaxValue ? after : now + after);
    }

    private bool TryCreateSpill(DataFileWriter target)
    {
        var files = target.Files;
        if (files.Room.Spill.Prepare(files.SpillDirectory) is { } fault)
        {
            log.Write(2103, $"no spill, output is dropped: {fault}");
            return false;
        }

        target.File = files.Create(target.Stream, target.End, isSpill: true);
        if (target.File is null)
        {
            log.Write(
                2103,
                $"{files.SpillDirectory}: {Marshal.GetPInvokeErrorMessage(LibC.LastError)}; output is dropped"
            );
        }

        return target.File is not null;
    }

    /// <summary>The next spill file; if there can be none, the last one goes on.</summary>
    private void NextSpillFile(CapturedStream stream)
    {
        var target = stream.Target;
        var old = target.File;
        if (TryCreateSpill(target))
        {
            var next = target.File;
            target.File = old;
            Leave(target);
            target.File = next;
            TellRotated(stream, RotationReason.Size);
            return;
        }

        target.File = old;
    }

    /// <summary>The spill takes nothing more and no closed file is left to give: what the newest holds goes.</summary>
    private void LeaveSpill(CapturedStream stream, int errno)
    {
        var target = stream.Target;
        var wasEmpty = target.File is not { Length: > 0 };
        Leave(target);
        if (wasEmpty && errno != 0)
        {
            // Not even the first byte of a fresh file: until the next retry everything is dropped.
            return;
        }

        room.DropOldestSpill(target.Files);
        if (TryCreateSpill(target))
        {
            TellRotated(stream, RotationReason.Size);
        }
    }

    /// <summary>The file is not written any more.</summary>
    /// <param name="target">The stream's end.</param>
    /// <param name="kept">How much of it is still there, from its start.</param>
    private void Leave(DataFileWriter target, long kept = long.MaxValue)
    {
        if (target.File is not { } file)
        {
            return;
        }

        target.File = null;
        if (Math.Min(kept, file.Length) == 0)
        {
            Disk.Delete(file.Path);
        }
        else
        {
            target.Files.Close(file, kept, records.WriteAndTellNext());
        }

        sync.CloseLater(file);
    }

    private void TellLoss(CapturedStream stream, DataFile file, FileLoss loss)
    {
        log.Write(
            2105,
            $"{file.Path}: changed by somebody else, {loss.To - loss.From} bytes are gone"
        );
        stream.Target.Files.Bytes -= file.Length - loss.KeptOf(file.Length);
        if (loss.To == loss.From)
        {
            return;
        }

        var dropped = DataFile.RecordOf(stream.Process, file.Stream, JournalRecordKind.Dropped);
        dropped.A = file.First + (ulong)loss.From;
        dropped.B = file.First + (ulong)loss.To;
        dropped.C = JournalRecord.UnknownNewlines;
        records.Add(dropped);
    }
}
