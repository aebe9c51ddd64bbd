using System.Buffers;
using System.Text;
using System.Text.Json;

namespace Tspm.Cli.Rendering.Dressing;

/// <summary>The fields of a line that is a JSON object or logfmt.</summary>
internal sealed class LineFields
{
    /// <summary>A longer line is taken as text.</summary>
    public const int MaxLineBytes = 256 * 1024;

    private const int MaxFields = 256;
    private const int MinPairs = 2;
    private static readonly string[] Times = ["time", "ts", "timestamp", "@timestamp", "t", "date"];
    private static readonly string[] Levels =
    [
        "level",
        "lvl",
        "severity",
        "levelname",
        "loglevel",
        "log.level",
        "@l",
    ];
    private static readonly string[] Messages =
    [
        "msg",
        "message",
        "@m",
        "text",
        "event",
        "short_message",
    ];

    private readonly List<KeyValuePair<string, string>> _all = [];

    /// <summary>In the order of the line; names of nested objects with dots between.</summary>
    public IReadOnlyList<KeyValuePair<string, string>> All => _all;

    /// <summary>Reads a line; null if it is text.</summary>
    public static LineFields? Read(ReadOnlySpan<byte> line)
    {
        line = line.Trim((byte)' ');
        if (line.IsEmpty || line.Length > MaxLineBytes)
        {
            return null;
        }

        var fields = new LineFields();
        var isRead = line[0] == (byte)'{' ? fields.TryReadJson(line) : fields.TryReadPairs(line);
        return isRead ? fields : null;
    }

    /// <summary>A field by its name; <c>time</c>, <c>level</c> and <c>msg</c> also by the other names they go by.</summary>
    public string? Find(string name)
    {
        foreach (var (key, value) in _all)
        {
            if (key == name)
            {
                return value;
            }
        }

        var others =
            name == "time" ? Times
            : name == "level" ? Levels
            : name == "msg" ? Messages
            : [];
        return others.Select(FindExactly).FirstOrDefault(value => value is not null);
    }

    /// <summary>Whether a name is one of the level.</summary>
    public static bool IsLevel(string name) => Levels.Contains(name);

    /// <summary>Whether a name is one of the time.</summary>
    public static bool IsTime(string name) => Times.Contains(name);

    /// <summary>Whether a name is one of the message.</summary>
    public static bool IsMessage(string name) => Messages.Contains(name);

    /// <summary>The word for a level; pino and bunyan write numbers.</summary>
    public static string LevelOf(string value) =>
        value switch
        {
            "10" => "trace",
            "20" => "debug",
            "30" => "info",
            "40" => "warn",
            "50" => "error",
            "60" => "fatal",
            _ => value,
        };

    private string? FindExactly(string name)
    {
        foreach (var (key, value) in _all)
        {
            if (key == name)
            {
                return value;
            }
        }

        return null;
    }

    private bool TryReadJson(ReadOnlySpan<byte> line)
    {
        try
        {
            ReadJson(line);
            return true;
        }
        catch (JsonException)
        {
            // Not JSON after all: it is shown as the text it is.
            return false;
        }
        catch (InvalidOperationException)
        {
            // A string that is not valid Unicode: the same.
            return false;
        }
    }

    private void ReadJson(ReadOnlySpan<byte> line)
    {
        var reader = new Utf8JsonReader(line);
        var path = new Stack<string>();
        var name = "";
        while (reader.Read())
        {
            switch (reader.TokenType)
            {
                case JsonTokenType.PropertyName:
                    name = reader.GetString() ?? "";
                    break;
                case JsonTokenType.StartObject when reader.CurrentDepth > 0:
                    path.Push(name);
                    break;
                case JsonTokenType.EndObject when path.Count > 0:
                    path.Pop();
                    break;
                case JsonTokenType.StartObject or JsonTokenType.EndObject:
                    break;
                case JsonTokenType.StartArray:
                    var start = (int)reader.TokenStartIndex;
                    reader.Skip();
                    var array = line[start..(int)reader.BytesConsumed];
                    Add(path, name, Encoding.UTF8.GetString(array));
                    break;
                case JsonTokenType.String:
                    Add(path, name, reader.GetString() ?? "");
                    break;
                default:
                    Add(path, name, Encoding.UTF8.GetString(reader.ValueSpan));
                    break;
            }
        }
    }

    private void Add(Stack<string> path, string name, string value)
    {
        if (_all.Count < MaxFields)
        {
            var above = path.Count == 0 ? "" : string.Join('.', path.Reverse()) + ".";
            _all.Add(new(above + name, value));
        }
    }

    // level=info msg="server started" port=3000
    private bool TryReadPairs(ReadOnlySpan<byte> line)
    {
        while (!line.IsEmpty && _all.Count < MaxFields)
        {
            var equals = line.IndexOf((byte)'=');
            if (equals <= 0 || line[..equals].IndexOfAnyExcept(NameBytes) >= 0)
            {
                return false;
            }

            var name = Encoding.UTF8.GetString(line[..equals]);
            line = line[(equals + 1)..];
            if (line is [(byte)'"', ..])
            {
                var length = EndOfQuoted(line);
                if (length < 0)
                {
                    return false;
                }

                _all.Add(new(name, Unquote(line[1..(length - 1)])));
                line = line[length..];
            }
            else
            {
                var length = line.IndexOf((byte)' ');
                length = length < 0 ? line.Length : length;
                _all.Add(new(name, Encoding.UTF8.GetString(line[..length])));
                line = line[length..];
            }

            if (!line.IsEmpty && line[0] != (byte)' ')
            {
                return false;
            }

            line = line.TrimStart((byte)' ');
        }

        return _all.Count >= MinPairs;
    }

    private static readonly SearchValues<byte> NameBytes = SearchValues.Create(
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.-@/"u8
    );

    private static int EndOfQuoted(ReadOnlySpan<byte> text)
    {
        for (var at = 1; at < text.Length; at++)
        {
            if (text[at] == (byte)'\\')
            {
                at++;
            }
            else if (text[at] == (byte)'"')
            {
                return at + 1;
            }
        }

        return -1;
    }

    private static string Unquote(ReadOnlySpan<byte> text) =>
        Encoding
            .UTF8.GetString(text)
            .Replace("\\n", "\n", StringComparison.Ordinal)
            .Replace("\\\"", "\"", StringComparison.Ordinal)
            .Replace("\\\\", "\\", StringComparison.Ordinal);
}
