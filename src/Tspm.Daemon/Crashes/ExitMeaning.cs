using Tspm.Daemon.Supervision;

namespace Tspm.Daemon.Crashes;

/// <summary>What an exit code or a signal commonly means.</summary>
internal static class ExitMeaning
{
    /// <summary>In words; null if nothing is common.</summary>
    public static string? Of(int? code, int signal, string outOfMemory) =>
        signal != 0 ? OfSignal(signal, outOfMemory)
        : code is { } number ? OfCode(number)
        : null;

    private static string? OfSignal(int signal, string outOfMemory) =>
        signal switch
        {
            4 => "it ran an instruction that this processor does not have",
            6 => "it gave itself up (abort), as after a failed assertion",
            7 or 11 => "it touched memory that it may not, a fault in the program or a library",
            8 => "it divided by zero, or did other impossible arithmetic",
            9 when outOfMemory == "yes" => "the kernel ended it: there was no memory left",
            9 when outOfMemory == "likely" =>
                "the kernel ended a program for lack of memory at that time, likely this one",
            9 => "somebody ended it by force; it could not tidy up",
            13 => "it wrote to a pipe that nobody reads",
            24 => "it used up its CPU time limit",
            25 => "it wrote beyond its file size limit",
            31 => "it made a system call that is forbidden to it",
            1 or 2 or 3 or 15 => "somebody asked it to end",
            _ => null,
        };

    private static string? OfCode(int code)
    {
        const int command = 126;
        const int signalBase = 128;
        return code switch
        {
            command => "a shell found the command, but may not run it",
            command + 1 => "a shell did not find the command",
            > signalBase
            and <= signalBase + 64
                when new RunOutcome(null, code - signalBase).SignalName is { } name =>
                $"a shell says so of a program that SIG{name} ended",
            _ => null,
        };
    }
}
