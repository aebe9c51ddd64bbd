using Tspm.Cli.Terminal;

namespace Tspm.Cli.Export;

/// <summary>Where an export goes: stdout, or a file that is whole or not there, and that never replaces another unasked.</summary>
internal sealed class ExportFile : IDisposable
{
    private readonly string? _path;
    private readonly string? _fresh;
    private readonly FileStream? _file;
    private bool _isDone;

    private ExportFile(OutputFile output) => Output = output;

    private ExportFile(string path, FileStream file)
    {
        _path = path;
        _fresh = file.Name;
        _file = file;
        Output = new OutputFile((int)file.SafeFileHandle.DangerousGetHandle(), 1024 * 1024);
    }

    /// <summary>What is written to.</summary>
    public OutputFile Output { get; }

    /// <summary>Opens it.</summary>
    /// <param name="path">A file; null for stdout.</param>
    /// <param name="mayReplace">A file of that name may be replaced.</param>
    /// <param name="standard">stdout.</param>
    /// <exception cref="CliException">The file is there already, or cannot be made.</exception>
    public static ExportFile Open(string? path, bool mayReplace, OutputFile standard)
    {
        if (path is null)
        {
            return new ExportFile(standard);
        }

        if (!mayReplace && Path.Exists(path))
        {
            throw Taken(path);
        }

        try
        {
            var options = new FileStreamOptions
            {
                Mode = FileMode.CreateNew,
                Access = FileAccess.Write,
                UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite,
                BufferSize = 0,
            };
            var fresh = $"{Path.GetFullPath(path)}.{Environment.ProcessId}.new";
            return new ExportFile(path, new FileStream(fresh, options));
        }
        catch (IOException error)
        {
            throw new CliException(ExitCodes.Failed, $"cannot write {path}: {error.Message}");
        }
        catch (UnauthorizedAccessException error)
        {
            throw new CliException(ExitCodes.Permission, $"cannot write {path}: {error.Message}");
        }
    }

    /// <summary>All is written: the file gets its name.</summary>
    /// <exception cref="CliException">Another file took the name meanwhile, or the disk refused.</exception>
    public void Finish(bool mayReplace)
    {
        Output.Flush();
        if (_file is null)
        {
            return;
        }

        try
        {
            _file.Flush(flushToDisk: true);
            File.Move(_fresh!, _path!, mayReplace); // both are set with the file
            _isDone = true;
        }
        catch (IOException) when (!mayReplace && Path.Exists(_path))
        {
            throw Taken(_path!);
        }
        catch (IOException error)
        {
            throw new CliException(ExitCodes.Failed, $"cannot write {_path}: {error.Message}");
        }
    }

    /// <summary>Closes it; what is not finished is deleted.</summary>
    public void Dispose()
    {
        _file?.Dispose();
        if (_fresh is not null && !_isDone)
        {
            File.Delete(_fresh);
        }
    }

    private static CliException Taken(string path) =>
        new(ExitCodes.Conflict, $"{path} is there already", "to replace it: --force");
}
