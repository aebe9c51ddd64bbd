namespace SmartIpc.Client;

/// <summary>What a subscription tells its reader.</summary>
public enum TopicMessageKind
{
    /// <summary>The subscription is open; the payload is the info object.</summary>
    Subscribed,

    /// <summary>A batch; the payload is its bytes. Dispose it to give credit back.</summary>
    Batch,

    /// <summary>A batch without entries that says where the head is; the payload is its bytes.</summary>
    Bookmark,

    /// <summary>A range that does not come.</summary>
    Gap,

    /// <summary>The head was reached for the first time.</summary>
    CaughtUp,

    /// <summary>The connection is lost, or the stream was broken; what was not read is forgotten.</summary>
    Detached,

    /// <summary>There is a connection again; the next read subscribes anew.</summary>
    Resumed,

    /// <summary>The reader was reminded that time passes; nothing has come.</summary>
    Reminder,

    /// <summary>The server refused the subscription; nothing follows.</summary>
    Refused,

    /// <summary>The topic, the subscription or the client has ended; nothing follows.</summary>
    Ended,
}
