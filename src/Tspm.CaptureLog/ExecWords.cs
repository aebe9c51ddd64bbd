using System.Buffers.Binary;
using System.Text;

namespace Tspm.CaptureLog;

/// <summary>The command line of <c>tspm __exec</c>: pairs of an option and a value, then the separator and the program.</summary>
public static class ExecWords
{
    /// <summary>The command.</summary>
    public const string Command = "__exec";

    /// <summary>Ends the options.</summary>
    public const string Separator = "--";

    /// <summary>The socket at which the daemon waits to hear of a failure.</summary>
    public const string Report = "--report";

    /// <summary><c>name=soft:hard</c>, −1 for none.</summary>
    public const string Limit = "--limit";

    /// <summary>Niceness.</summary>
    public const string Nice = "--nice";

    /// <summary>What goes into oom_score_adj.</summary>
    public const string OomScore = "--oom-score";

    /// <summary>A control group to go into.</summary>
    public const string Group = "--cgroup";

    /// <summary>With <c>1</c>: no new privileges.</summary>
    public const string NoNewPrivileges = "--no-new-privs";
}

/// <summary>Why <c>__exec</c> did not become its program.</summary>
/// <param name="Errno">Of execve; 0 if it did not come so far.</param>
/// <param name="Stage">One of the two below.</param>
/// <param name="Text">What there is to say, if it is not the errno.</param>
public readonly record struct ExecFailure(int Errno, int Stage, string Text)
{
    /// <summary>A limit could not be set.</summary>
    public const int AtLimit = 5;

    /// <summary>The program could not be executed; the number is that of a spawn.</summary>
    public const int AtProgram = 2;

    private const int HeadBytes = 8;

    /// <summary>Bytes for the socket.</summary>
    public byte[] Encode()
    {
        var text = Encoding.UTF8.GetBytes(Text);
        var bytes = new byte[HeadBytes + text.Length];
        BinaryPrimitives.WriteInt32LittleEndian(bytes, Errno);
        BinaryPrimitives.WriteInt32LittleEndian(bytes.AsSpan(4), Stage);
        text.CopyTo(bytes, HeadBytes);
        return bytes;
    }

    /// <summary>Reads them; null if nothing was sent, which means that all went well.</summary>
    public static ExecFailure? Decode(ReadOnlySpan<byte> bytes) =>
        bytes.Length < HeadBytes
            ? null
            : new ExecFailure(
                BinaryPrimitives.ReadInt32LittleEndian(bytes),
                BinaryPrimitives.ReadInt32LittleEndian(bytes[4..]),
                Encoding.UTF8.GetString(bytes[HeadBytes..])
            );
}
