using System.Runtime.InteropServices;
using Tspm.Protocol.Messages;

namespace Tspm.Daemon.Supervision;

/// <summary>What an errno means for somebody who wanted to start a program.</summary>
internal static class Errno
{
    private const int NoEntry = 2;
    private const int Again = 11;
    private const int TooLong = 7;
    private const int ExecFormat = 8;
    private const int NoMemory = 12;
    private const int AccessDenied = 13;
    private const int NotDirectory = 20;
    private const int TooManyFiles = 24;
    private const int StageDirectory = 1;
    private const int StageProgram = 2;

    /// <summary>The system's words for it.</summary>
    public static string Describe(int errno) => Marshal.GetPInvokeErrorMessage(errno);

    /// <summary>What failed and why, and what to do.</summary>
    public static (string Reason, string? Hint) DescribeSpawn(
        int errno,
        int stage,
        ProcessSpec spec
    )
    {
        var program = spec.Command[0];
        return (stage, errno) switch
        {
            (StageDirectory, NoEntry) => (
                $"{spec.Cwd}: no such directory",
                "create it, or name another with --cwd"
            ),
            (StageDirectory, NotDirectory) => (
                $"{spec.Cwd}: not a directory",
                "name a directory with --cwd"
            ),
            (StageDirectory, AccessDenied) => (
                $"{spec.Cwd}: permission denied",
                "it needs mode x for you"
            ),
            (StageProgram, NoEntry) when program.Contains('/') => (
                $"{program}: no such file",
                "check the path; it is relative to the working directory"
            ),
            (StageProgram, NoEntry) => (
                $"{program}: not found in PATH",
                "name it with its path, or check the PATH it is given: tspm describe"
            ),
            (StageProgram, AccessDenied) => (
                $"{program}: permission denied (not executable)",
                $"try: chmod +x {program}"
            ),
            (StageProgram, ExecFormat) => (
                $"{program}: not a program this machine can run",
                "a script needs a first line such as #!/bin/sh; or start it with its interpreter"
            ),
            (StageProgram, TooLong) => (
                $"{program}: arguments and environment are too long",
                "shorten them; the kernel's limit is ARG_MAX"
            ),
            (_, Again) => ($"{program}: no more processes are allowed", "see: ulimit -u"),
            (_, NoMemory) => ($"{program}: out of memory", null),
            (_, TooManyFiles) => (
                $"{program}: the keeper has too many files open",
                "see: ulimit -n"
            ),
            _ => ($"{(stage == StageDirectory ? spec.Cwd : program)}: {Describe(errno)}", null),
        };
    }
}
