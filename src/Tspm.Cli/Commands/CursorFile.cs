using System.Text;
using Tspm.Client;

namespace Tspm.Cli.Commands;

/// <summary>Keeps where a follow stands in a file: at most a second late, each time a whole file or none.</summary>
internal sealed class CursorFile : IDisposable
{
    private static readonly TimeSpan Period = TimeSpan.FromMilliseconds(500);
    private readonly CliContext _context;
    private readonly LogFollower _follower;
    private readonly string _path;
    private readonly ITimer _timer;

    // Guards the fields below.
    private readonly Lock _gate = new();
    private string _saved = "";
    private bool _hasFailed;

    private CursorFile(CliContext context, LogFollower follower, string path)
    {
        _context = context;
        _follower = follower;
        _path = path;
        _timer = TimeProvider.System.CreateTimer(_ => Save(), null, Period, Period);
    }

    /// <summary>Begins to keep the file that the command line names; null if it names none.</summary>
    public static CursorFile? Open(CliContext context, LogFollower follower) =>
        context.Invocation.Value("cursor-file") is { } path
            ? new CursorFile(context, follower, Path.GetFullPath(path))
            : null;

    /// <summary>The text in such a file.</summary>
    /// <exception cref="CliException">It cannot be read.</exception>
    public static string ReadText(string path)
    {
        try
        {
            return new FileInfo(path).Length <= FollowCursor.MaxText
                ? File.ReadAllText(path)
                : throw new CliException(ExitCodes.Usage, $"{path} is too long for a cursor");
        }
        catch (IOException error)
        {
            throw new CliException(ExitCodes.Failed, $"cannot read {path}: {error.Message}");
        }
        catch (UnauthorizedAccessException error)
        {
            throw new CliException(ExitCodes.Permission, $"cannot read {path}: {error.Message}");
        }
    }

    /// <summary>Writes the cursor if it has moved; false if that failed, now or before.</summary>
    public bool Save()
    {
        lock (_gate)
        {
            var cursor = _follower.Cursor;
            var text = cursor.ToString();
            if (cursor.Places.Count == 0 || text == _saved)
            {
                return !_hasFailed;
            }

            try
            {
                Write(text);
                _saved = text;
                _hasFailed = false;
            }
            catch (IOException error)
            {
                Fail(error.Message);
            }
            catch (UnauthorizedAccessException error)
            {
                Fail(error.Message);
            }

            return !_hasFailed;
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _timer.Dispose();

    private void Write(string text)
    {
        var fresh = $"{_path}.{Environment.ProcessId}.new";
        var options = new FileStreamOptions
        {
            Mode = FileMode.Create,
            Access = FileAccess.Write,
            UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite,
            BufferSize = 0,
        };
        using (var file = new FileStream(fresh, options))
        {
            file.Write(Encoding.ASCII.GetBytes(text + "\n"));
        }

        File.Move(fresh, _path, overwrite: true);
    }

    private void Fail(string why)
    {
        if (!_hasFailed)
        {
            _context.Say($"tspm: cannot save the cursor in {_path}: {why}");
        }

        _hasFailed = true;
    }
}
