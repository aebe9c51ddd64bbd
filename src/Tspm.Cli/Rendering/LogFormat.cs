namespace Tspm.Cli.Rendering;

/// <summary>How entries are written.</summary>
internal enum LogFormat
{
    /// <summary>The line, with the prefix and the time if these are on.</summary>
    Short,

    /// <summary>Time, <c>ns/name#run</c>, seq, then the line.</summary>
    Full,

    /// <summary>The bytes of the streams, nothing added.</summary>
    Raw,

    /// <summary>The bytes of each line, nothing taken away; parts are joined and every line is ended.</summary>
    Cat,

    /// <summary>One JSON object on each line.</summary>
    Json,

    /// <summary>JSON text sequences, RFC 7464.</summary>
    JsonSeq,
}
