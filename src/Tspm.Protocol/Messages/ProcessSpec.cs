namespace Tspm.Protocol.Messages;

/// <summary>What to run, and how to keep it running.</summary>
public sealed record ProcessSpec
{
    /// <summary>The most arguments a command may have.</summary>
    public const int MaxArguments = 10_000;

    /// <summary>The most names of secrets.</summary>
    public const int MaxSecrets = 100;

    /// <summary>The most patterns of what its log does not show.</summary>
    public const int MaxRedact = 32;

    /// <summary>Name, unique in its namespace: letters, digits, <c>.</c>, <c>_</c>, <c>-</c>; at most 63.</summary>
    public required string Name { get; init; }

    /// <summary>Namespace, same characters as a name.</summary>
    public string Ns { get; set; } = "default";

    /// <summary>Program and its arguments. A program without a slash is looked up in the PATH of <see cref="Env"/>.</summary>
    public required IReadOnlyList<string> Command { get; init; }

    /// <summary>True if the command was given as one shell line (then it is <c>/bin/sh -c LINE</c>); for display.</summary>
    public bool IsShell { get; init; }

    /// <summary>Working directory, absolute.</summary>
    public required string Cwd { get; init; }

    /// <summary>The whole environment, as NAME=value.</summary>
    public IReadOnlyList<string> Env { get; set; } = [];

    /// <summary>Gives the program a terminal.</summary>
    public bool Pty { get; init; }

    /// <summary>Both outputs through one pipe, in exact order.</summary>
    public bool MergeStreams { get; init; }

    /// <summary>When to start it again.</summary>
    public RestartSpec Restart { get; set; } = new();

    /// <summary>How to stop it.</summary>
    public StopSpec Stop { get; set; } = new();

    /// <summary>How much of its output is kept.</summary>
    public LogFileSpec Disk { get; set; } = new();

    /// <summary>The caller's umask, 0 to 0x1FF.</summary>
    public uint Umask { get; set; } = 0x12;

    /// <summary>The caller's soft limit of open files; 0 leaves the keeper's.</summary>
    public ulong OpenFiles { get; init; }

    /// <summary>How it is known that it serves; null if running is enough.</summary>
    public ProbeSpec? Ready { get; init; }

    /// <summary>How it is known that it goes on serving; null if nobody looks.</summary>
    public ProbeSpec? Health { get; init; }

    /// <summary>What must be so of other processes before it is started.</summary>
    public IReadOnlyList<DependencySpec> DependsOn { get; set; } = [];

    /// <summary>Which of several like it this is; null if it is one of its own.</summary>
    public InstanceSpec? Instance { get; init; }

    /// <summary>Which files it is restarted for; null for none.</summary>
    public WatchSpec? Watch { get; init; }

    /// <summary>When the clock starts it; null for never.</summary>
    public ScheduleSpec? Schedule { get; init; }

    /// <summary>Its stdin is a pipe that <c>send</c> and <c>attach</c> write into; else it is empty. A terminal has one anyway.</summary>
    public bool Stdin { get; init; }

    /// <summary>What people select it by, as <c>key=value</c>.</summary>
    public IReadOnlyList<string> Labels { get; set; } = [];

    /// <summary>The names of those variables of <see cref="Env"/> that came from the caller's environment and are not its own.</summary>
    public IReadOnlyList<string> Inherited { get; set; } = [];

    /// <summary>What it inherits when its environment is updated: null all, else these names only.</summary>
    public IReadOnlyList<string>? InheritEnv { get; init; }

    /// <summary>Files of variables, absolute, read at each start; their contents are not kept.</summary>
    public IReadOnlyList<string> EnvFiles { get; set; } = [];

    /// <summary>Names of variables and options whose values are never shown, besides those that look like secrets.</summary>
    public IReadOnlyList<string> Secrets { get; set; } = [];

    /// <summary>Regular expressions of what readers of its log are not shown; on disk it stays.</summary>
    public IReadOnlyList<string> Redact { get; set; } = [];

    /// <summary>Who is told what happens to it.</summary>
    public IReadOnlyList<HookSpec> Hooks { get; set; } = [];

    /// <summary>What it may use; null if nothing is limited.</summary>
    public LimitSpec? Limits { get; init; }
}

/// <summary>When a program that ended is started again.</summary>
public sealed record RestartSpec
{
    /// <summary><c>always</c>, <c>on-failure</c> or <c>never</c>.</summary>
    public string Policy { get; set; } = RestartPolicies.OnFailure;

    /// <summary>Failures within <see cref="WithinMs"/> after which it is given up (state failed).</summary>
    public int MaxRestarts { get; set; } = 16;

    /// <summary>The window of <see cref="MaxRestarts"/>, ms.</summary>
    public long WithinMs { get; set; } = 300_000;

    /// <summary>The first delay, ms; the restart after a good run is immediate.</summary>
    public int InitialDelayMs { get; set; } = 200;

    /// <summary>The longest delay, ms.</summary>
    public int MaxDelayMs { get; set; } = 30_000;

    /// <summary>Each delay is this times the one before.</summary>
    public double Factor { get; set; } = 2;

    /// <summary>Share of the delay by which it varies at random, 0 to 1.</summary>
    public double Jitter { get; set; } = 0.2;

    /// <summary>A run at least this long is a good one, ms.</summary>
    public int MinUptimeMs { get; set; } = 1_000;

    /// <summary>The shortest pause before any restart, ms, also the one after a good run.</summary>
    public int PauseMs { get; init; }

    /// <summary>Exit codes that are no failure.</summary>
    public IReadOnlyList<int> SuccessCodes { get; set; } = [0];

    /// <summary>Exit codes after which it is not started again, whatever the policy.</summary>
    public IReadOnlyList<int> StopCodes { get; set; } = [];
}

/// <summary>The names of restart policies.</summary>
public static class RestartPolicies
{
    /// <summary>Whatever the exit code.</summary>
    public const string Always = "always";

    /// <summary>On a non-zero code or a signal.</summary>
    public const string OnFailure = "on-failure";

    /// <summary>Not at all.</summary>
    public const string Never = "never";

    /// <summary>As <see cref="Always"/>, the name that container users know: a stop by a person holds with every policy.</summary>
    public const string UnlessStopped = "unless-stopped";

    /// <summary>All of them.</summary>
    public static readonly IReadOnlyList<string> All = [Always, OnFailure, Never, UnlessStopped];
}

/// <summary>How a program is stopped.</summary>
public sealed record StopSpec
{
    /// <summary>The most signals of a list.</summary>
    public const int MaxSignals = 8;

    /// <summary>The signal number, sent to the group.</summary>
    public int Signal { get; set; } = 15;

    /// <summary>Time until SIGKILL, ms.</summary>
    public int TimeoutMs { get; set; } = 10_000;

    /// <summary>Signals after the first, each sent when another equal share of the time is over.</summary>
    public IReadOnlyList<int> MoreSignals { get; set; } = [];

    /// <summary>Run instead of the first signal, with the program's directory and environment and TSPM_PID; empty for none.</summary>
    public IReadOnlyList<string> Command { get; set; } = [];

    /// <summary>One of <see cref="StopScopes"/>.</summary>
    public string Scope { get; set; } = StopScopes.Tree;
}

/// <summary>What a stop reaches.</summary>
public static class StopScopes
{
    /// <summary>The group, then every descendant that can be attributed to the run.</summary>
    public const string Tree = "tree";

    /// <summary>The process group only.</summary>
    public const string Group = "group";

    /// <summary>The leader only.</summary>
    public const string Leader = "leader";

    /// <summary>All of them.</summary>
    public static readonly IReadOnlyList<string> All = [Tree, Group, Leader];
}
