using Tspm.CaptureLog;
using Tspm.CaptureLog.Control;
using Tspm.Daemon;
using Tspm.Keeper;

namespace Tspm.Cli.Launch;

/// <summary>What this build is.</summary>
internal static class BuildFacts
{
    /// <summary>The version without what the build adds to it; a constant, since reflection is a seventh of a short command.</summary>
    public static string Version => BuildVersion.Text;

    /// <summary>Tells one build from another, so that yesterday's daemon is noticed. A test names its own.</summary>
    public static string BuildId => field ??= ReadBuildId();

    /// <summary>What this build understands; one that is to take over from it must understand it too.</summary>
    public static BuildReport Report =>
        new(
            Version,
            BuildId,
            new Dictionary<string, FormatRange>(StringComparer.Ordinal)
            {
                ["protocol"] = new(1, 1),
                ["control"] = new(ControlFrame.Version, ControlFrame.Version),
                ["handover"] = new(KeeperHost.HandoverFormat, KeeperHost.HandoverFormat),
                ["journal"] = new(
                    (int)JournalRecord.FormatVersion,
                    (int)JournalRecord.FormatVersion
                ),
                ["list"] = new(DaemonHost.ListFormat, DaemonHost.ListFormat),
            }
        );

    private static string ReadBuildId() =>
        Environment.GetEnvironmentVariable("TSPM_BUILD_ID") is { Length: > 0 and <= 64 } chosen
            ? chosen
            : typeof(BuildFacts).Assembly.ManifestModule.ModuleVersionId.ToString("N")[..12];
}
