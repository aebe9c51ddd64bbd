using Tspm.Protocol.Messages;

namespace Tspm.Daemon.Hooks;

/// <summary>One event for one hook.</summary>
/// <param name="Hook">Who is told.</param>
/// <param name="Message">What.</param>
/// <param name="Cwd">Where a command stands.</param>
/// <param name="Env">A command's environment.</param>
/// <param name="TellAsync">Writes an entry into the log of the process.</param>
internal sealed record HookJob(
    HookSpec Hook,
    HookMessage Message,
    string Cwd,
    IReadOnlyList<string> Env,
    Func<LogEvent, Task> TellAsync
);
