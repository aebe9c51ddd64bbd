using System.Text.Json;
using System.Text.Json.Serialization;

namespace Tspm.Protocol.Messages;

/// <summary>Source-generated JSON of every message.</summary>
[JsonSourceGenerationOptions(
    JsonSerializerDefaults.Web,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    NumberHandling = JsonNumberHandling.Strict
)]
[JsonSerializable(typeof(EmptyMessage))]
[JsonSerializable(typeof(SelectRequest))]
[JsonSerializable(typeof(ProcessesReply))]
[JsonSerializable(typeof(ProcessView))]
[JsonSerializable(typeof(IReadOnlyList<ProcessView>))]
[JsonSerializable(typeof(StartRequest))]
[JsonSerializable(typeof(StopRequest))]
[JsonSerializable(typeof(DeleteRequest))]
[JsonSerializable(typeof(SignalRequest))]
[JsonSerializable(typeof(ActionReply))]
[JsonSerializable(typeof(WaitExitRequest))]
[JsonSerializable(typeof(WaitExitReply))]
[JsonSerializable(typeof(StatusReply))]
[JsonSerializable(typeof(ShutdownRequest))]
[JsonSerializable(typeof(DaemonLogsRequest))]
[JsonSerializable(typeof(DaemonLogsReply))]
[JsonSerializable(typeof(FollowersReply))]
[JsonSerializable(typeof(ResolveReply))]
[JsonSerializable(typeof(GetLogsRequest))]
[JsonSerializable(typeof(LogSubscribeOptions))]
[JsonSerializable(typeof(SubscribedLog))]
[JsonSerializable(typeof(LogEvent))]
[JsonSerializable(typeof(RestartRequest))]
[JsonSerializable(typeof(SetRequest))]
[JsonSerializable(typeof(RenameRequest))]
[JsonSerializable(typeof(ScaleRequest))]
[JsonSerializable(typeof(ResurrectRequest))]
[JsonSerializable(typeof(SaveRequest))]
[JsonSerializable(typeof(SaveReply))]
[JsonSerializable(typeof(WhyRequest))]
[JsonSerializable(typeof(WhyReply))]
[JsonSerializable(typeof(CrashReport))]
[JsonSerializable(typeof(CrashLine))]
[JsonSerializable(typeof(FlushRequest))]
[JsonSerializable(typeof(FlushReply))]
[JsonSerializable(typeof(VerifyReply))]
[JsonSerializable(typeof(LocateRequest))]
[JsonSerializable(typeof(LocateReply))]
[JsonSerializable(typeof(SamplesRequest))]
[JsonSerializable(typeof(SamplesReply))]
[JsonSerializable(typeof(LimitSpec))]
[JsonSerializable(typeof(HookMessage))]
[JsonSerializable(typeof(EnvRequest))]
[JsonSerializable(typeof(EnvReply))]
public sealed partial class ProtocolJsonContext : JsonSerializerContext;
