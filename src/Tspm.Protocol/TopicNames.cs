using System.Globalization;

namespace Tspm.Protocol;

/// <summary>Names of topics: <c>logs.&lt;processId&gt;</c> and <c>processes</c>.</summary>
public static class TopicNames
{
    /// <summary>Tells that processes were made or deleted.</summary>
    public const string Processes = "processes";

    private const string LogsPrefix = "logs.";

    /// <summary>The topic of one process's log.</summary>
    public static string Logs(uint processId) =>
        string.Create(CultureInfo.InvariantCulture, $"{LogsPrefix}{processId}");

    /// <summary>Reads the name of a log topic; false for any other name.</summary>
    public static bool TryParseLogs(ReadOnlySpan<char> topic, out uint processId)
    {
        processId = 0;
        return topic.StartsWith(LogsPrefix)
            && uint.TryParse(
                topic[LogsPrefix.Length..],
                NumberStyles.None,
                CultureInfo.InvariantCulture,
                out processId
            );
    }
}
