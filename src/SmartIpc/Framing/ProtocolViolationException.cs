namespace SmartIpc.Framing;

/// <summary>The peer broke the protocol; its connection ends and nothing else does.</summary>
internal sealed class ProtocolViolationException(string message) : Exception(message);
