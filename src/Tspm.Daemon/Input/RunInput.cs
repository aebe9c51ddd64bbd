using Microsoft.Win32.SafeHandles;
using Tspm.CaptureLog;
using Tspm.Daemon.Keeper;

namespace Tspm.Daemon.Input;

/// <summary>The way into the stdin of one run: its named pipe, or the other side of its terminal.</summary>
/// <remarks>
/// Any thread; writers take turns. The keeper holds the pipe open too, so that neither's death is an end of file to the
/// program. Closed by unlinking the name: whoever looks for it later knows that it was closed.
/// </remarks>
internal sealed class RunInput : IDisposable
{
    private static readonly TimeSpan Look = TimeSpan.FromMilliseconds(10);
    private const byte EndOfTransmission = 4;
    private readonly SafeFileHandle _file;
    private readonly string? _path;
    private readonly SemaphoreSlim _turn = new(1, 1);

    private RunInput(SafeFileHandle file, string? path)
    {
        _file = file;
        _path = path;
    }

    /// <summary>It is a terminal.</summary>
    public bool IsTerminal => _path is null;

    /// <summary>Opens the pipe of a run; null if it was closed, or the program reads no longer.</summary>
    public static RunInput? TryOpenPipe(HomePaths home, uint process, uint run)
    {
        var path = home.InputPipe(process, run);
        var file = InputCalls.OpenPipe(path);
        if (file.IsInvalid)
        {
            file.Dispose();
            return null;
        }

        return new RunInput(file, path);
    }

    /// <summary>Opens the terminal of a run; null if nobody holds it.</summary>
    public static RunInput? TryOpenTerminal(HeldRuns held, uint process, uint run) =>
        held.CopyTerminal(process, run) is { } terminal ? new RunInput(terminal, null) : null;

    /// <summary>Writes bytes.</summary>
    /// <param name="bytes">They.</param>
    /// <param name="patience">How long a program may take that does not read.</param>
    /// <param name="time">Time.</param>
    /// <param name="ct">Ends it.</param>
    /// <returns>How many were written, and the errno that was met before the end; 0 for none.</returns>
    public async Task<(int Written, int Errno)> WriteAsync(
        ReadOnlyMemory<byte> bytes,
        TimeSpan patience,
        TimeProvider time,
        CancellationToken ct
    )
    {
        await _turn.WaitAsync(ct);
        try
        {
            var begin = time.GetTimestamp();
            var done = 0;
            while (done < bytes.Length)
            {
                var written = Write(bytes.Span[done..]);
                if (written > 0)
                {
                    done += written;
                    begin = time.GetTimestamp();
                    continue;
                }

                if (-written is not (InputCalls.TryAgain or InputCalls.Interrupted))
                {
                    return (done, -written);
                }

                if (time.GetElapsedTime(begin) >= patience)
                {
                    return (done, InputCalls.TryAgain);
                }

                await Task.Delay(Look, time, ct);
            }

            return (done, 0);
        }
        finally
        {
            _turn.Release();
        }
    }

    /// <summary>Takes the name of the pipe away; on a terminal sends the key for the end of input.</summary>
    /// <returns>True if the keeper is to let go of its side.</returns>
    public bool Close()
    {
        if (_path is null)
        {
            Write([EndOfTransmission]);
            return false;
        }

        File.Delete(_path);
        return true;
    }

    /// <summary>Sets the size of the terminal; false if it is none.</summary>
    public bool SetSize(int rows, int columns) =>
        IsTerminal && !_file.IsClosed && InputCalls.SetSize(_file, (ushort)rows, (ushort)columns);

    /// <inheritdoc/>
    public void Dispose()
    {
        _file.Dispose();
        _turn.Dispose();
    }

    private int Write(ReadOnlySpan<byte> bytes)
    {
        try
        {
            return _file.IsClosed ? -InputCalls.BrokenPipe : InputCalls.Write(_file, bytes);
        }
        catch (ObjectDisposedException)
        {
            // Closed by another client between the look and the write.
            return -InputCalls.BrokenPipe;
        }
    }
}
