namespace Tspm.Protocol;

/// <summary>The number of each request on the wire (docs/protocol.md section 4).</summary>
public static class MethodNumbers
{
    /// <summary>Facts about the daemon.</summary>
    public const ushort Status = 1;

    /// <summary>All processes, or the selected ones.</summary>
    public const ushort List = 2;

    /// <summary>All facts about the selected processes.</summary>
    public const ushort Describe = 3;

    /// <summary>Start a new process, or known ones.</summary>
    public const ushort Start = 4;

    /// <summary>Stop.</summary>
    public const ushort Stop = 5;

    /// <summary>Stop and start.</summary>
    public const ushort Restart = 6;

    /// <summary>Stop and forget.</summary>
    public const ushort Delete = 7;

    /// <summary>A page of history.</summary>
    public const ushort GetLogs = 8;

    /// <summary>Stop all programs, then daemon and keeper.</summary>
    public const ushort Shutdown = 9;

    /// <summary>The daemon's own log.</summary>
    public const ushort DaemonLogs = 10;

    /// <summary>From selectors to logs.</summary>
    public const ushort Resolve = 11;

    /// <summary>Who is attached.</summary>
    public const ushort Followers = 12;

    /// <summary>Send a signal.</summary>
    public const ushort Signal = 13;

    /// <summary>Wait a little for the end of a run.</summary>
    public const ushort WaitExit = 14;

    /// <summary>Replace the daemon by a new one; no program is touched.</summary>
    public const ushort RestartDaemon = 15;

    /// <summary>Forget failures and waiting times of the restart policy.</summary>
    public const ushort Reset = 40;

    /// <summary>Change settings.</summary>
    public const ushort Set = 41;

    /// <summary>Give another name.</summary>
    public const ushort Rename = 42;

    /// <summary>Have so many instances.</summary>
    public const ushort Scale = 43;

    /// <summary>Start the new run, wait until it is ready, stop the old one.</summary>
    public const ushort Reload = 44;

    /// <summary>Write into the stdin of a program.</summary>
    public const ushort Send = 45;

    /// <summary>Set the size of the terminal of a program.</summary>
    public const ushort Resize = 46;

    /// <summary>Start what ran when the machine or tspm ended, or what a saved list holds.</summary>
    public const ushort Resurrect = 60;

    /// <summary>Save the list, or a copy of it.</summary>
    public const ushort Save = 61;

    /// <summary>From points in time to places in a log.</summary>
    public const ushort Locate = 24;

    /// <summary>Why the last run ended.</summary>
    public const ushort Why = 25;

    /// <summary>Drop stored entries.</summary>
    public const ushort Flush = 26;

    /// <summary>Check what is stored against its checksums.</summary>
    public const ushort Verify = 27;

    /// <summary>What processes use now, and lately.</summary>
    public const ushort Samples = 50;

    /// <summary>The environment of processes, masked unless asked otherwise.</summary>
    public const ushort Env = 51;
}
