using System.Text.Json;
using Tspm.Logs;
using Tspm.Protocol.Messages;

namespace Tspm.Daemon.Supervision;

/// <summary>A life-cycle entry as it stands in the log: never more bytes than an entry may have, however long its texts are.</summary>
/// <remarks>Characters do not tell: one that is escaped takes six bytes, a word of one letter four.</remarks>
internal static class EventBody
{
    private const int MostCharacters = 2048;

    /// <summary>The bytes; texts that are too long end with an ellipsis.</summary>
    public static byte[] Of(LogEvent body)
    {
        var bytes = Write(body);
        for (var most = MostCharacters; bytes.Length > LogWriter.MaxEventBytes; most /= 2)
        {
            bytes = Write(
                body with
                {
                    Argv = body.Argv is { } words ? Shorten(words, most) : null,
                    Message = Shorten(body.Message, most),
                    By = Shorten(body.By, most),
                }
            );
        }

        return bytes;
    }

    /// <summary>The first words, at most so many characters; what was left out is an ellipsis.</summary>
    public static IReadOnlyList<string> Shorten(IReadOnlyList<string> words, int most)
    {
        var kept = new List<string>();
        foreach (var word in words)
        {
            if (word.Length >= most)
            {
                kept.Add(Shorten(word, most)!); // not null: the word is not
                break;
            }

            kept.Add(word);
            most -= word.Length + 1;
        }

        return kept;
    }

    private static string? Shorten(string? text, int most) =>
        text is null || text.Length <= most
            ? text
            : string.Concat(text.AsSpan(0, CutAt(text, most)), "…");

    /// <summary>Not between the two halves of one character.</summary>
    private static int CutAt(string text, int most) =>
        most > 0 && char.IsHighSurrogate(text[most - 1]) ? most - 1 : most;

    private static byte[] Write(LogEvent body) =>
        JsonSerializer.SerializeToUtf8Bytes(body, ProtocolJsonContext.Default.LogEvent);
}
