using System.Globalization;
using System.Text.Json;
using Tspm.CaptureLog;
using Tspm.Protocol.Messages;

namespace Tspm.Daemon.Crashes;

/// <summary>The crash reports of one process: a file of facts and a file of lines per failed run, the oldest go.</summary>
/// <remarks>Any thread reads; one writes. A report is whole or not there: its facts are written last.</remarks>
internal sealed class CrashReports(HomePaths home, uint process)
{
    /// <summary>Reports of a process at the most.</summary>
    public const int MaxReports = 100;

    private const string Facts = ".json";
    private const string Lines = ".lines";
    private readonly string _directory = Path.Join(home.Process(process), "crash");

    /// <summary>Runs that have a report, the newest first.</summary>
    public IReadOnlyList<uint> ListRuns()
    {
        if (!Directory.Exists(_directory))
        {
            return [];
        }

        var runs = new List<uint>();
        foreach (var path in Directory.EnumerateFiles(_directory, "*" + Facts))
        {
            var isRun = uint.TryParse(
                Path.GetFileNameWithoutExtension(path.AsSpan()),
                NumberStyles.None,
                CultureInfo.InvariantCulture,
                out var run
            );
            if (isRun)
            {
                runs.Add(run);
            }
        }

        runs.Sort((left, right) => right.CompareTo(left));
        return runs;
    }

    /// <summary>The facts of a report; null if there is none that can be read.</summary>
    public CrashReport? Read(uint run)
    {
        var path = PathOf(run, Facts);
        try
        {
            return File.Exists(path)
                ? JsonSerializer.Deserialize(
                    File.ReadAllBytes(path),
                    ProtocolJsonContext.Default.CrashReport
                )
                : null;
        }
        catch (JsonException)
        {
            // Damaged: as good as none.
            return null;
        }
        catch (IOException)
        {
            // Gone between two looks.
            return null;
        }
    }

    /// <summary>The lines of a report, as far as they can be read.</summary>
    public IReadOnlyList<CrashLine> ReadLines(uint run)
    {
        var path = PathOf(run, Lines);
        var lines = new List<CrashLine>();
        try
        {
            foreach (var text in File.Exists(path) ? File.ReadAllLines(path) : [])
            {
                if (
                    JsonSerializer.Deserialize(text, ProtocolJsonContext.Default.CrashLine) is
                    { } line
                )
                {
                    lines.Add(line);
                }
            }
        }
        catch (JsonException)
        {
            // A damaged end.
        }
        catch (IOException)
        {
            // Gone between two looks.
        }

        return lines;
    }

    /// <summary>Keeps a report; the oldest beyond the bound are deleted.</summary>
    /// <exception cref="IOException">The disk refused.</exception>
    public void Write(CrashReport report, IReadOnlyList<CrashLine> lines)
    {
        const UnixFileMode owner =
            UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;
        Directory.CreateDirectory(_directory, owner);
        if (lines.Count > 0)
        {
            WriteFile(PathOf(report.Run, Lines), file => WriteLines(file, lines));
        }

        WriteFile(
            PathOf(report.Run, Facts),
            file => JsonSerializer.Serialize(file, report, ProtocolJsonContext.Default.CrashReport)
        );
        foreach (var old in ListRuns().Skip(MaxReports))
        {
            File.Delete(PathOf(old, Facts));
            File.Delete(PathOf(old, Lines));
        }
    }

    private static void WriteLines(Stream file, IReadOnlyList<CrashLine> lines)
    {
        foreach (var line in lines)
        {
            JsonSerializer.Serialize(file, line, ProtocolJsonContext.Default.CrashLine);
            file.WriteByte((byte)'\n');
        }
    }

    private static void WriteFile(string path, Action<Stream> write)
    {
        var fresh = path + ".new";
        var options = new FileStreamOptions
        {
            Mode = FileMode.Create,
            Access = FileAccess.Write,
            UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite,
        };
        using (var file = new FileStream(fresh, options))
        {
            write(file);
        }

        CrashPoint.Pass(CrashPoint.InReport);
        File.Move(fresh, path, overwrite: true);
    }

    private string PathOf(uint run, string ending) =>
        Path.Join(_directory, run.ToString(CultureInfo.InvariantCulture) + ending);
}
