using System.Globalization;
using Tspm.Protocol.Messages;

namespace Tspm.Cli.Rendering;

/// <summary>The next time of a schedule, for people: in the machine's own time zone.</summary>
internal static class NextText
{
    /// <summary>The time; a dash if there is none.</summary>
    public static string Format(ProcessView process) =>
        DateTimeOffset.TryParse(
            process.NextDue,
            CultureInfo.InvariantCulture,
            DateTimeStyles.AssumeUniversal,
            out var next
        )
            ? next.ToLocalTime().ToString("yyyy-MM-dd HH:mm:ss", CultureInfo.InvariantCulture)
            : "-";
}
