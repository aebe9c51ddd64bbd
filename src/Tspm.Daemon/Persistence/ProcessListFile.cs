using System.Text.Json;
using Tspm.CaptureLog;
using Tspm.Daemon.Interop;

namespace Tspm.Daemon.Persistence;

/// <summary>Keeps the list on disk: one line with its checksum, then JSON; replaced atomically, the copy before kept.</summary>
/// <remarks>A damaged file is kept under a dated name and never deleted; then the previous copy counts.</remarks>
internal sealed class ProcessListFile(string path, TimeProvider time)
{
    private const int MaxBytes = 256 * 1024 * 1024;
    private const int ChecksumDigits = 8;
    private const string Previous = ".1";
    private const string Fresh = ".new";

    // Whether the list at the path is on the device; of one that another daemon left nobody knows.
    private bool _isSynced;

    /// <summary>What was wrong with the file when it was read; null if nothing was.</summary>
    public string? Damage { get; private set; }

    /// <summary>Reads the list; an empty one if there is none.</summary>
    public ProcessList Read()
    {
        var previous = PreviousPath;
        foreach (var candidate in new[] { path, previous })
        {
            if (!File.Exists(candidate))
            {
                continue;
            }

            if (TryRead(candidate, out var list, out var fault))
            {
                return list;
            }

            Damage = $"{candidate}: {fault}";
            File.Move(candidate, FindDamagedName(candidate));
        }

        return new ProcessList();
    }

    /// <summary>Replaces the list: written beside, synced, renamed; so at any moment one whole list is there.</summary>
    /// <exception cref="IOException">The disk refused; the old list is still there.</exception>
    public void Write(ProcessList list)
    {
        WriteFresh(list, isSynced: true);
        if (File.Exists(path))
        {
            if (!_isSynced)
            {
                // The copy before is what a power loss may fall back to.
                LibC.SyncFile(path);
            }

            File.Move(path, PreviousPath, overwrite: true);
            CrashPoint.Pass(CrashPoint.BetweenLists);
        }

        File.Move(FreshPath, path, overwrite: true);
        _isSynced = true;

        // The renames too: a list has a directory.
        LibC.SyncDirectory(Path.GetDirectoryName(Path.GetFullPath(path))!);
    }

    /// <summary>Replaces the list without waiting for the device: whatever dies of us, the next daemon reads it.</summary>
    /// <remarks>
    /// A power loss may damage it; the copy before is on the device, because one that is not never takes its place.
    /// </remarks>
    /// <exception cref="IOException">The disk refused; the old list is still there.</exception>
    public void WriteUnsynced(ProcessList list)
    {
        WriteFresh(list, isSynced: false);
        if (!_isSynced && File.Exists(path) && LibC.TryExchange(FreshPath, path))
        {
            // No file is made or deleted for it, which on many file systems is most of the price of a save.
            return;
        }

        if (_isSynced && File.Exists(path))
        {
            File.Move(path, PreviousPath, overwrite: true);
            CrashPoint.Pass(CrashPoint.BetweenLists);
        }

        File.Move(FreshPath, path, overwrite: true);
        _isSynced = false;
    }

    private void WriteFresh(ProcessList list, bool isSynced)
    {
        var options = new FileStreamOptions
        {
            Mode = FileMode.OpenOrCreate,
            Access = FileAccess.Write,
            UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite,
            BufferSize = 0,
        };
        using (var file = new FileStream(FreshPath, options))
        {
            // Piece by piece: the text of a long list in one array is megabytes of garbage at every change.
            using var body = new ChecksumStream(file.SafeFileHandle, ChecksumDigits + 1);
            JsonSerializer.Serialize(body, list, ProcessListJson.Default.ProcessList);
            RandomAccess.Write(
                file.SafeFileHandle,
                System.Text.Encoding.ASCII.GetBytes($"{body.Checksum:x8}\n"),
                0
            );
            RandomAccess.SetLength(file.SafeFileHandle, body.End);
            if (isSynced)
            {
                file.Flush(flushToDisk: true);
            }
        }

        CrashPoint.Pass(CrashPoint.InSave);
    }

    private string FindDamagedName(string candidate)
    {
        var stamp = time.GetUtcNow()
            .ToString("yyyyMMddTHHmmss", System.Globalization.CultureInfo.InvariantCulture);
        var name = $"{candidate}.damaged-{stamp}";
        for (var i = 2; Path.Exists(name); i++)
        {
            name = string.Create(
                System.Globalization.CultureInfo.InvariantCulture,
                $"{candidate}.damaged-{stamp}-{i}"
            );
        }

        return name;
    }

    private string PreviousPath => path + Previous;

    private string FreshPath => path + Fresh;

    /// <summary>Reads what there is and touches nothing, whatever its daemon is doing: it may stand still, or have died, between two renames.</summary>
    /// <returns>An empty list if none is whole.</returns>
    public static ProcessList ReadWhole(string path)
    {
        // Between the renames the new list is whole and has no name yet.
        foreach (var candidate in new[] { path, path + Fresh, path + Previous })
        {
            try
            {
                if (File.Exists(candidate) && TryRead(candidate, out var list, out _))
                {
                    return list;
                }
            }
            catch (FileNotFoundException)
            {
                // It has its name now, and the copy before is the list that was there.
            }
        }

        return new ProcessList();
    }

    /// <summary>Reads a list and touches nothing; false with what is wrong.</summary>
    public static bool TryRead(string file, out ProcessList list, out string fault)
    {
        list = new ProcessList();
        if (new FileInfo(file).Length > MaxBytes)
        {
            fault = "it is larger than any list";
            return false;
        }

        var bytes = File.ReadAllBytes(file).AsSpan();
        if (bytes.Length <= ChecksumDigits || bytes[ChecksumDigits] != (byte)'\n')
        {
            fault = "it has no checksum line";
            return false;
        }

        var body = bytes[(ChecksumDigits + 1)..];
        var wanted = $"{Crc32C.Compute(body):x8}";
        if (
            !System
                .Text.Encoding.ASCII.GetString(bytes[..ChecksumDigits])
                .Equals(wanted, StringComparison.Ordinal)
        )
        {
            fault = "its checksum is wrong";
            return false;
        }

        try
        {
            var read = JsonSerializer.Deserialize(body, ProcessListJson.Default.ProcessList);
            fault =
                read is null || !IsWhole(read) ? "it holds no list"
                : read.Format > ProcessList.CurrentFormat
                    ? $"it has format {read.Format}, this tspm knows {ProcessList.CurrentFormat}"
                : "";
            list = fault.Length == 0 ? read! : list;
            return fault.Length == 0;
        }
        catch (JsonException wrong)
        {
            fault = wrong.Message;
            return false;
        }
    }

    /// <summary>JSON may have null where nothing may be missing.</summary>
    private static bool IsWhole(ProcessList list) =>
        list.Processes is { } processes
        && processes.All(process => process is { Spec: { Command: not null, Name: not null } });
}
