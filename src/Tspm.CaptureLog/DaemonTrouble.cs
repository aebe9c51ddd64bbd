using System.Globalization;
using System.Text;

namespace Tspm.CaptureLog;

/// <summary>What the keeper leaves for people while no daemon serves: why, how often in a row, and when it tries again.</summary>
/// <param name="Failures">Ends in a row.</param>
/// <param name="DelayMs">Time from the last end to the next try, ms.</param>
/// <param name="Reason">How the last one ended.</param>
public sealed record DaemonTrouble(int Failures, long DelayMs, string Reason)
{
    private const int MaxBytes = 4096;

    /// <summary>Writes it; a home that cannot be written is passed over, the keeper's log has it too.</summary>
    public static void Write(HomePaths home, DaemonTrouble trouble)
    {
        try
        {
            var fresh = home.DaemonTrouble + ".new";
            var text = string.Create(
                CultureInfo.InvariantCulture,
                $"{trouble.Failures}\n{trouble.DelayMs}\n{trouble.Reason}\n"
            );
            File.WriteAllText(fresh, text);
            File.Move(fresh, home.DaemonTrouble, overwrite: true);
        }
        catch (IOException)
        {
            // The disk is full: what is told here is no state of ours.
        }
        catch (UnauthorizedAccessException)
        {
            // The home was taken away under us.
        }
    }

    /// <summary>A daemon serves: there is none.</summary>
    public static void Clear(HomePaths home) => File.Delete(home.DaemonTrouble);

    /// <summary>Reads it; null if there is none.</summary>
    public static DaemonTrouble? Read(HomePaths home)
    {
        try
        {
            var bytes = new byte[MaxBytes];
            using var file = File.OpenRead(home.DaemonTrouble);
            var length = file.ReadAtLeast(bytes, MaxBytes, throwOnEndOfStream: false);
            var lines = Encoding.UTF8.GetString(bytes, 0, length).Split('\n');
            var culture = CultureInfo.InvariantCulture;
            return
                lines.Length >= 3
                && int.TryParse(lines[0], culture, out var failures)
                && long.TryParse(lines[1], culture, out var delay)
                ? new DaemonTrouble(failures, delay, lines[2])
                : null;
        }
        catch (IOException)
        {
            return null;
        }
        catch (UnauthorizedAccessException)
        {
            return null;
        }
    }
}
