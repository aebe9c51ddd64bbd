using Microsoft.Extensions.Logging;

namespace Tspm.Daemon.Logging;

/// <summary>Every message of the daemon's own log. 1000 supervision, 2000 logs, 3000 topics, 4000 ipc.</summary>
internal static partial class DaemonLog
{
    [LoggerMessage(
        1000,
        LogLevel.Information,
        "daemon started: version {Version}, pid {Pid}, home {Home}"
    )]
    public static partial void Started(ILogger log, string version, int pid, string home);

    [LoggerMessage(1001, LogLevel.Information, "daemon stops: {Reason}")]
    public static partial void Stopping(ILogger log, string reason);

    [LoggerMessage(1002, LogLevel.Information, "{Name}: run {Run} started, pid {Pid}")]
    public static partial void RunStarted(ILogger log, string name, uint run, int pid);

    [LoggerMessage(1003, LogLevel.Information, "{Name}: run {Run} ended: {Outcome}")]
    public static partial void RunEnded(ILogger log, string name, uint run, string outcome);

    [LoggerMessage(1004, LogLevel.Warning, "{Name}: could not be started: {Reason}")]
    public static partial void SpawnFailed(ILogger log, string name, string reason);

    [LoggerMessage(1005, LogLevel.Warning, "{Name}: given up: {Reason}")]
    public static partial void GivenUp(ILogger log, string name, string reason);

    [LoggerMessage(
        1024,
        LogLevel.Warning,
        "{Name}: the crash report of run {Run} could not be written: {Reason}"
    )]
    public static partial void ReportFailed(ILogger log, string name, uint run, string reason);

    [LoggerMessage(
        1013,
        LogLevel.Warning,
        "{Name}: the temporary process could not be deleted: {Reason}"
    )]
    public static partial void ForgetFailed(ILogger log, string name, string reason);

    [LoggerMessage(1006, LogLevel.Warning, "{Name}: descendants that could not be ended: {Pids}")]
    public static partial void Survivors(ILogger log, string name, string pids);

    [LoggerMessage(
        1030,
        LogLevel.Warning,
        "{Name}: its stop command failed, its signal is sent instead: {Reason}"
    )]
    public static partial void StopCommandFailed(ILogger log, string name, string reason);

    [LoggerMessage(1007, LogLevel.Error, "{Name}: its supervisor failed")]
    public static partial void SupervisorFailed(ILogger log, Exception error, string name);

    [LoggerMessage(1008, LogLevel.Error, "the list of processes could not be saved: {Reason}")]
    public static partial void SaveFailed(ILogger log, string reason);

    [LoggerMessage(
        1009,
        LogLevel.Warning,
        "the list of processes was damaged and set aside: {Damage}"
    )]
    public static partial void ListDamaged(ILogger log, string damage);

    [LoggerMessage(1010, LogLevel.Warning, "the keeper is gone: {Reason}")]
    public static partial void KeeperLost(ILogger log, string reason);

    [LoggerMessage(
        1011,
        LogLevel.Information,
        "the keeper is there, pid {Pid}, {Runs} living runs"
    )]
    public static partial void KeeperFound(ILogger log, int pid, int runs);

    [LoggerMessage(1014, LogLevel.Warning, "a new keeper is started, pid {Pid}")]
    public static partial void KeeperStarting(ILogger log, int pid);

    [LoggerMessage(1015, LogLevel.Error, "the keeper that was started is not there: {Reason}")]
    public static partial void KeeperNotStarted(ILogger log, string reason);

    [LoggerMessage(1016, LogLevel.Error, "the keeper could not be asked: {Reason}")]
    public static partial void KeeperRefused(ILogger log, string reason);

    [LoggerMessage(1012, LogLevel.Information, "{Name}: run {Run} goes on, pid {Pid}")]
    public static partial void RunAdopted(ILogger log, string name, uint run, int pid);

    [LoggerMessage(1020, LogLevel.Error, "the sampler failed; limits of memory are not watched")]
    public static partial void SamplerFailed(ILogger log, Exception error);

    [LoggerMessage(1021, LogLevel.Error, "hooks of a quarter of the processes failed")]
    public static partial void HooksFailed(ILogger log, Exception error);

    [LoggerMessage(1022, LogLevel.Warning, "{Name}: a failed hook could not be told: {Reason}")]
    public static partial void HookUntold(ILogger log, string name, string reason);

    [LoggerMessage(2000, LogLevel.Error, "the index could not be written, trying again: {Reason}")]
    public static partial void IndexRefused(ILogger log, string reason);

    [LoggerMessage(2001, LogLevel.Critical, "the ingest thread failed")]
    public static partial void IngestFailed(ILogger log, Exception error);

    [LoggerMessage(2002, LogLevel.Warning, "indexes could not be synced: {Reason}")]
    public static partial void SyncFailed(ILogger log, string reason);

    [LoggerMessage(2003, LogLevel.Error, "retention could not delete what is too much: {Reason}")]
    public static partial void RetentionFailed(ILogger log, string reason);

    [LoggerMessage(
        2004,
        LogLevel.Information,
        "process {Process}: retention took seqs up to {Seq}"
    )]
    public static partial void Expired(ILogger log, uint process, long seq);

    [LoggerMessage(2005, LogLevel.Warning, "process {Process}: {Problem}")]
    public static partial void StoreDamaged(ILogger log, uint process, string problem);

    [LoggerMessage(3000, LogLevel.Error, "topic {Topic} failed")]
    public static partial void TopicFailed(ILogger log, Exception error, string topic);

    [LoggerMessage(4000, LogLevel.Debug, "client {Client} (pid {Pid}) connected")]
    public static partial void Connected(ILogger log, string client, int pid);

    [LoggerMessage(4001, LogLevel.Debug, "client {Client} (pid {Pid}) left: {Reason}")]
    public static partial void Disconnected(ILogger log, string client, int pid, string reason);

    [LoggerMessage(4002, LogLevel.Warning, "pid {Pid} of user {Uid} was refused: {Code}")]
    public static partial void Refused(ILogger log, int pid, uint uid, string code);

    [LoggerMessage(4003, LogLevel.Error, "request {Method} failed")]
    public static partial void RequestFailed(ILogger log, Exception error, string method);

    [LoggerMessage(4004, LogLevel.Warning, "accepting a client failed: {Reason}")]
    public static partial void AcceptFailed(ILogger log, string reason);

    [LoggerMessage(1050, LogLevel.Error, "files are not watched any more: the thread failed")]
    public static partial void WatchFailed(ILogger log, Exception error);
}
