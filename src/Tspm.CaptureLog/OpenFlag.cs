using System.Runtime.InteropServices;

namespace Tspm.CaptureLog;

/// <summary>Flags of <c>open</c> whose numbers are not the same on all processors.</summary>
public static class OpenFlag
{
    private const int OnMost = 0x10000;

    // What is O_DIRECTORY elsewhere is O_DIRECT here.
    private const int OnArm = 0x4000;

    /// <summary>O_DIRECTORY: fails if the path is no directory.</summary>
    public static int DirectoryOnly { get; } =
        DirectoryOnlyOf(RuntimeInformation.ProcessArchitecture);

    /// <summary>The number on a processor.</summary>
    internal static int DirectoryOnlyOf(Architecture processor) =>
        processor
            is Architecture.Arm64
                or Architecture.Arm
                or Architecture.Armv6
                or Architecture.Ppc64le
            ? OnArm
            : OnMost;
}
