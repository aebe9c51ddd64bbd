using System.Text.Json;

namespace SmartIpc.Framing;

/// <summary>Walks the fields of one control payload; unknown fields are skipped by the caller.</summary>
/// <remarks>
/// Read by hand rather than by a serializer: control payloads are on the way of every batch (credit), and a command
/// that says hello, asks one thing and ends does not pay for building serializer tables.
/// </remarks>
internal ref struct ControlFields
{
    private readonly ReadOnlySpan<byte> _utf8;
    private Utf8JsonReader _reader;

    public ControlFields(ReadOnlySpan<byte> utf8)
    {
        _utf8 = utf8;
        _reader = new Utf8JsonReader(utf8);
        if (!_reader.Read() || _reader.TokenType != JsonTokenType.StartObject)
        {
            throw new ProtocolViolationException("A control payload is not a JSON object.");
        }
    }

    /// <summary>Goes to the next field; false after the last one.</summary>
    public bool Next() => _reader.Read() && _reader.TokenType == JsonTokenType.PropertyName;

    /// <summary>True if the field has this name.</summary>
    public readonly bool Is(ReadOnlySpan<byte> name) => _reader.ValueTextEquals(name);

    public void Skip()
    {
        _reader.Read();
        _reader.Skip();
    }

    public string Text()
    {
        _reader.Read();
        if (_reader.TokenType == JsonTokenType.Null)
        {
            return string.Empty;
        }

        if (_reader.TokenType != JsonTokenType.String)
        {
            throw new ProtocolViolationException(
                "A field of a control payload should be a string."
            );
        }

        return ReadString();
    }

    public long Number()
    {
        _reader.Read();
        if (_reader.TokenType != JsonTokenType.Number || !_reader.TryGetInt64(out var value))
        {
            throw new ProtocolViolationException(
                "A field of a control payload should be a whole number."
            );
        }

        return value;
    }

    public uint Gen()
    {
        var value = Number();
        return value is >= 0 and <= uint.MaxValue
            ? (uint)value
            : throw new ProtocolViolationException("A generation is out of range.");
    }

    public int Int32()
    {
        var value = Number();
        return value is >= int.MinValue and <= int.MaxValue
            ? (int)value
            : throw new ProtocolViolationException(
                "A number of a control payload is out of range."
            );
    }

    /// <summary>The field's value as it stands on the wire.</summary>
    public ReadOnlySpan<byte> Raw()
    {
        _reader.Read();
        var start = (int)_reader.TokenStartIndex;
        _reader.Skip();
        return _utf8[start..(int)_reader.BytesConsumed];
    }

    public string[] Texts()
    {
        _reader.Read();
        if (_reader.TokenType != JsonTokenType.StartArray)
        {
            throw new ProtocolViolationException("A field of a control payload should be a list.");
        }

        var texts = new List<string>();
        while (_reader.Read() && _reader.TokenType != JsonTokenType.EndArray)
        {
            if (_reader.TokenType == JsonTokenType.String)
            {
                texts.Add(ReadString());
            }
            else
            {
                _reader.Skip();
            }
        }

        return [.. texts];
    }

    private string ReadString()
    {
        try
        {
            return _reader.GetString() ?? string.Empty;
        }
        catch (InvalidOperationException)
        {
            throw new ProtocolViolationException("A string of a control payload is not UTF-8.");
        }
    }
}
