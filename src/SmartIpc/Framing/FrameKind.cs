namespace SmartIpc.Framing;

/// <summary>What a frame says; the numbers are the wire's and never change their meaning.</summary>
/// <remarks>Unknown kinds from 128 on are skipped by a receiver, unknown kinds below end the connection.</remarks>
public enum FrameKind : byte
{
    /// <summary>No frame has this kind.</summary>
    None = 0,

    /// <summary>The client's first frame.</summary>
    Hello = 1,

    /// <summary>The server's answer to a hello it accepts.</summary>
    Welcome = 2,

    /// <summary>The server's answer to a peer it does not take; the connection ends.</summary>
    Refuse = 3,

    /// <summary>At most 64 bytes that the other side gives back.</summary>
    Ping = 4,

    /// <summary>The bytes of a ping.</summary>
    Pong = 5,

    /// <summary>The server's last frame.</summary>
    Bye = 6,

    /// <summary>A question with a method number and an id.</summary>
    Request = 16,

    /// <summary>The answer to the request with this id.</summary>
    Reply = 17,

    /// <summary>The refusal of the request or subscription with this id.</summary>
    Error = 18,

    /// <summary>Like a request, never answered.</summary>
    Notify = 19,

    /// <summary>The request with this id is not wanted any more.</summary>
    Cancel = 20,

    /// <summary>Opens a subscription.</summary>
    Subscribe = 32,

    /// <summary>The subscription is open.</summary>
    Subscribed = 33,

    /// <summary>What a topic has for a subscription; binary.</summary>
    Batch = 34,

    /// <summary>An exact range that the subscription does not get.</summary>
    Gap = 35,

    /// <summary>The subscription has reached the head for the first time.</summary>
    CaughtUp = 36,

    /// <summary>The client takes more bytes.</summary>
    Credit = 37,

    /// <summary>Closes a subscription.</summary>
    Unsubscribe = 38,

    /// <summary>The subscription is closed; the last frame with its id.</summary>
    Unsubscribed = 39,

    /// <summary>The topic is gone and the subscription with it.</summary>
    Ended = 40,
}
