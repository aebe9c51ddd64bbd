using System.Buffers;
using System.Text.Json;
using Microsoft.Extensions.Logging;
using Microsoft.Win32.SafeHandles;

namespace Tspm.Daemon.Logging;

/// <summary>The daemon's own log: one JSON object per line, one file and the one before it.</summary>
/// <remarks>Any thread. Rotates by rename at 1 MiB. A log that cannot be written is passed over: it must never stop the daemon.</remarks>
internal sealed class JsonFileLogger : ILogger, IDisposable
{
    private const long MaxBytes = 1024 * 1024;
    private readonly string _path;
    private readonly TimeProvider _time;
    private readonly Lock _gate = new();

    // Guarded by _gate.
    private readonly ArrayBufferWriter<byte> _line = new(512);
    private SafeFileHandle? _file;
    private long _length;

    /// <summary>Opens the log for appending.</summary>
    public JsonFileLogger(string path, TimeProvider time)
    {
        _path = path;
        _time = time;
        TryOpen();
    }

    /// <summary>Lines that could not be written.</summary>
    public long Lost { get; private set; }

    /// <inheritdoc/>
    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull => null;

    /// <inheritdoc/>
    public bool IsEnabled(LogLevel logLevel) => logLevel >= LogLevel.Information;

    /// <inheritdoc/>
    public void Log<TState>(
        LogLevel logLevel,
        EventId eventId,
        TState state,
        Exception? exception,
        Func<TState, Exception?, string> formatter
    )
    {
        if (!IsEnabled(logLevel))
        {
            return;
        }

        lock (_gate)
        {
            _line.ResetWrittenCount();
            using (var json = new Utf8JsonWriter(_line))
            {
                json.WriteStartObject();
                json.WriteString("ts", _time.GetUtcNow().UtcDateTime);
                json.WriteString("level", logLevel.ToString());
                json.WriteNumber("id", eventId.Id);
                json.WriteString("msg", formatter(state, exception));
                if (exception is not null)
                {
                    json.WriteString("error", exception.ToString());
                }

                json.WriteEndObject();
            }

            _line.Write("\n"u8);
            Append();
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        lock (_gate)
        {
            _file?.Dispose();
            _file = null;
        }
    }

    private void Append()
    {
        try
        {
            if (_length > MaxBytes)
            {
                _file?.Dispose();
                _file = null;
                if (File.Exists(_path))
                {
                    File.Move(_path, _path + ".1", overwrite: true);
                }
            }

            if (_file is null && !TryOpen())
            {
                Lost++;
                return;
            }

            // Opened above.
            RandomAccess.Write(_file!, _line.WrittenSpan, _length);
            _length += _line.WrittenCount;
        }
        catch (IOException)
        {
            // A full disk must not stop the daemon; the count says that lines are missing.
            Lost++;
        }
        catch (UnauthorizedAccessException)
        {
            // Nor must a directory of that name, or one that is not ours any more.
            Lost++;
        }
    }

    private bool TryOpen()
    {
        try
        {
            _file = File.OpenHandle(
                _path,
                FileMode.OpenOrCreate,
                FileAccess.ReadWrite,
                FileShare.ReadWrite | FileShare.Delete
            );
            File.SetUnixFileMode(_file, UnixFileMode.UserRead | UnixFileMode.UserWrite);
            _length = RandomAccess.GetLength(_file);
            return true;
        }
        catch (IOException)
        {
            _file?.Dispose();
            _file = null;
        }
        catch (UnauthorizedAccessException)
        {
            // A directory has that name.
            _file = null;
        }

        return false;
    }
}
