namespace Tspm.Logs;

/// <summary>The bytes of a span are not in the files any more: retention took them a moment ago, or somebody changed a file.</summary>
public sealed class BytesGoneException(string message) : IOException(message);
