using System.Text;
using System.Text.Json;

namespace Tspm.Keeper;

/// <summary>The keeper's own log: one JSON object per line, one file and the one before it. Used for trouble only.</summary>
/// <remarks>Any thread. A log that cannot be written is passed over: it must never stop the keeper.</remarks>
internal sealed class KeeperLog(string path)
{
    private const long MaxBytes = 1024 * 1024;
    private readonly Lock _gate = new();

    /// <summary>Writes a line.</summary>
    /// <param name="eventId">1000 control, 2100 capture.</param>
    /// <param name="message">What happened.</param>
    public void Write(int eventId, string message)
    {
        var time = TimeProvider.System.GetUtcNow().UtcDateTime.ToString("O");
        var text = JsonEncodedText.Encode(message);
        var line = Encoding.UTF8.GetBytes(
            $"{{\"ts\":\"{time}\",\"id\":{eventId},\"msg\":\"{text}\"}}\n"
        );
        lock (_gate)
        {
            try
            {
                if (File.Exists(path) && new FileInfo(path).Length > MaxBytes)
                {
                    File.Move(path, path + ".1", overwrite: true);
                }

                using var file = new FileStream(
                    path,
                    new FileStreamOptions
                    {
                        Mode = FileMode.Append,
                        Access = FileAccess.Write,
                        Share = FileShare.ReadWrite | FileShare.Delete,
                        UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite,
                        BufferSize = 0,
                    }
                );
                file.Write(line);
            }
            catch (IOException)
            {
                // A full disk: nothing can be said here any more.
            }
            catch (UnauthorizedAccessException)
            {
                // The home was taken away under us.
            }
        }
    }
}
