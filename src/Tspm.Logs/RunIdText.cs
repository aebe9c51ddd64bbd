using System.Buffers.Text;

namespace Tspm.Logs;

/// <summary>Finds the identity of a run in the body of an event.</summary>
internal static class RunIdText
{
    private const int GuidLength = 36;

    /// <summary>The value of the key "runId"; null if there is none.</summary>
    public static Guid? Find(ReadOnlySpan<byte> body)
    {
        var key = "\"runId\":\""u8;
        var at = body.IndexOf(key);
        if (at < 0 || body.Length < at + key.Length + GuidLength)
        {
            return null;
        }

        var isGuid = Utf8Parser.TryParse(
            body.Slice(at + key.Length, GuidLength),
            out Guid runId,
            out _,
            'D'
        );
        return isGuid ? runId : null;
    }
}
