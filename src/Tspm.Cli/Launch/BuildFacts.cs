using System.Reflection;

namespace Tspm.Cli.Launch;

/// <summary>What this build is.</summary>
internal static class BuildFacts
{
    /// <summary>The version without what the build adds to it.</summary>
    public static string Version { get; } =
        (
            typeof(BuildFacts)
                .Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()
                ?.InformationalVersion
            ?? "0"
        ).Split('+')[0];

    /// <summary>Tells one build from another, so that yesterday's daemon is noticed.</summary>
    public static string BuildId { get; } =
        typeof(BuildFacts).Assembly.ManifestModule.ModuleVersionId.ToString("N")[..12];
}
