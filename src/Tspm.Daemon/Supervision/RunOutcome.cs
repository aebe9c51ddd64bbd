using System.Globalization;

namespace Tspm.Daemon.Supervision;

/// <summary>How a run ended.</summary>
/// <param name="Code">Its exit code; null if it was signalled or nobody knows.</param>
/// <param name="Signal">The number of the signal that ended it; 0 if none.</param>
internal readonly record struct RunOutcome(int? Code, int Signal)
{
    private static readonly Dictionary<int, string> SignalNames = new()
    {
        [1] = "HUP",
        [2] = "INT",
        [3] = "QUIT",
        [4] = "ILL",
        [5] = "TRAP",
        [6] = "ABRT",
        [7] = "BUS",
        [8] = "FPE",
        [9] = "KILL",
        [10] = "USR1",
        [11] = "SEGV",
        [12] = "USR2",
        [13] = "PIPE",
        [14] = "ALRM",
        [15] = "TERM",
        [16] = "STKFLT",
        [17] = "CHLD",
        [18] = "CONT",
        [19] = "STOP",
        [20] = "TSTP",
        [21] = "TTIN",
        [22] = "TTOU",
        [23] = "URG",
        [24] = "XCPU",
        [25] = "XFSZ",
        [26] = "VTALRM",
        [27] = "PROF",
        [28] = "WINCH",
        [29] = "IO",
        [30] = "PWR",
        [31] = "SYS",
    };

    /// <summary>Nobody knows how it ended.</summary>
    public static RunOutcome Unknown => new(null, 0);

    /// <summary>True unless it ended with code 0.</summary>
    public bool IsFailure => Code is not 0;

    /// <summary>The signal without SIG; null if none.</summary>
    public string? SignalName =>
        Signal == 0 ? null
        : SignalNames.TryGetValue(Signal, out var name) ? name
        : string.Create(CultureInfo.InvariantCulture, $"{Signal}");

    /// <summary>"exited(1)", "killed(SEGV)", "exited(?)".</summary>
    public override string ToString() =>
        SignalName is { } signal ? $"killed({signal})"
        : Code is { } code ? string.Create(CultureInfo.InvariantCulture, $"exited({code})")
        : "exited(?)";
}
