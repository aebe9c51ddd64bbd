using System.Globalization;

namespace Tspm.Protocol;

/// <summary>Names of topics: <c>logs.&lt;processId&gt;</c>, <c>terminal.&lt;processId&gt;</c> and <c>processes</c>.</summary>
public static class TopicNames
{
    /// <summary>Tells that processes were made or deleted.</summary>
    public const string Processes = "processes";

    private const string LogsPrefix = "logs.";
    private const string TerminalPrefix = "terminal.";

    /// <summary>The topic of the bytes that one process prints.</summary>
    public static string Terminal(uint processId) =>
        string.Create(CultureInfo.InvariantCulture, $"{TerminalPrefix}{processId}");

    /// <summary>Reads the name of such a topic; false for any other name.</summary>
    public static bool TryParseTerminal(ReadOnlySpan<char> topic, out uint processId) =>
        TryParse(topic, TerminalPrefix, out processId);

    /// <summary>The topic of one process's log.</summary>
    public static string Logs(uint processId) =>
        string.Create(CultureInfo.InvariantCulture, $"{LogsPrefix}{processId}");

    /// <summary>Reads the name of a log topic; false for any other name.</summary>
    public static bool TryParseLogs(ReadOnlySpan<char> topic, out uint processId) =>
        TryParse(topic, LogsPrefix, out processId);

    private static bool TryParse(ReadOnlySpan<char> topic, string prefix, out uint processId)
    {
        processId = 0;
        return topic.StartsWith(prefix)
            && uint.TryParse(
                topic[prefix.Length..],
                NumberStyles.None,
                CultureInfo.InvariantCulture,
                out processId
            );
    }
}
