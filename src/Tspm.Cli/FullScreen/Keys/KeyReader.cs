using System.Buffers;
using System.Text;

namespace Tspm.Cli.FullScreen.Keys;

/// <summary>From the bytes of a terminal to keys: pure, and whatever comes, it goes on.</summary>
/// <remarks>What may be the beginning of a longer sequence waits for more, or for <see cref="Settle"/>.</remarks>
internal sealed class KeyReader
{
    private const byte Escape = 0x1B;
    private const byte Interrupt = 3;
    private const int MaxWaiting = 64;
    private const int MaxPaste = 64 * 1024;
    private readonly List<byte> _waiting = [];
    private readonly List<byte> _paste = [];
    private bool _isPasting;

    private static ReadOnlySpan<byte> PasteEnd => "\e[201~"u8;

    /// <summary>Whether bytes wait for more.</summary>
    public bool IsWaiting => _waiting.Count > 0;

    /// <summary>Takes bytes.</summary>
    public void Add(ReadOnlySpan<byte> bytes, List<UiKey> keys)
    {
        _waiting.AddRange(bytes);
        Read(keys, isLast: false);
    }

    /// <summary>Nothing has come for a moment: what waits is what it is.</summary>
    public void Settle(List<UiKey> keys) => Read(keys, isLast: true);

    private void Read(List<UiKey> keys, bool isLast)
    {
        var bytes = System.Runtime.InteropServices.CollectionsMarshal.AsSpan(_waiting);
        var at = 0;
        while (at < bytes.Length)
        {
            var rest = bytes[at..];
            var taken = _isPasting ? TakePaste(rest, keys, isLast) : Take(rest, keys, isLast);
            if (taken == 0)
            {
                break;
            }

            at += taken;
        }

        _waiting.RemoveRange(0, at);
    }

    private int TakePaste(ReadOnlySpan<byte> bytes, List<UiKey> keys, bool isLast)
    {
        // Ctrl+C gets out of a paste whose end never comes.
        var broken = bytes.IndexOf(Interrupt);
        var end = bytes.IndexOf(PasteEnd);
        var isBroken = broken >= 0 && (end < 0 || broken < end);
        end = isBroken ? broken : end;
        var count =
            end >= 0 ? end
            : isLast ? bytes.Length
            : Math.Max(0, bytes.Length - PasteEnd.Length + 1);
        _paste.AddRange(bytes[..Math.Min(count, MaxPaste - _paste.Count)]);
        if (end < 0)
        {
            return count;
        }

        _isPasting = false;
        keys.Add(new UiKey("Paste") { Text = TextOf(_paste.ToArray()) });
        _paste.Clear();
        return isBroken ? end : end + PasteEnd.Length;
    }

    // Of a paste only characters count: what looks like a control is not one.
    private static string TextOf(byte[] bytes)
    {
        var text = new StringBuilder();
        foreach (var rune in Encoding.UTF8.GetString(bytes).EnumerateRunes())
        {
            text.Append(Rune.IsControl(rune) ? " " : rune.ToString());
        }

        return text.ToString();
    }

    private int Take(ReadOnlySpan<byte> bytes, List<UiKey> keys, bool isLast)
    {
        if (bytes[0] == Escape)
        {
            return TakeEscape(bytes, keys, isLast);
        }

        if (bytes[0] < 0x20 || bytes[0] == 0x7F)
        {
            keys.Add(new UiKey(ControlName(bytes[0])));
            return 1;
        }

        var status = Rune.DecodeFromUtf8(bytes, out var rune, out var taken);
        if (status == OperationStatus.NeedMoreData && !isLast)
        {
            return 0;
        }

        if (status == OperationStatus.Done && !Rune.IsControl(rune))
        {
            var text = rune.ToString();
            keys.Add(new UiKey(text == " " ? "Space" : text) { Text = text });
        }

        return Math.Max(1, taken);
    }

    private static string ControlName(byte control) =>
        control switch
        {
            0x09 => "Tab",
            0x0A or 0x0D => "Enter",
            0x08 or 0x7F => "Backspace",
            0 => "Ctrl+Space",
            _ => $"Ctrl+{(char)(control + 0x40)}",
        };

    private int TakeEscape(ReadOnlySpan<byte> bytes, List<UiKey> keys, bool isLast)
    {
        if (bytes.Length == 1)
        {
            return isLast ? One(new UiKey("Esc"), keys) : 0;
        }

        if (bytes[1] == (byte)'[')
        {
            return TakeControl(bytes, keys, isLast);
        }

        if (bytes[1] == (byte)'O')
        {
            if (bytes.Length < 3)
            {
                return isLast ? bytes.Length : 0;
            }

            Add(KeyNames.OfLetter((char)bytes[2], 1), keys);
            return 3;
        }

        // Esc twice, or Alt and a key: Esc is said, the key is read on its own.
        return One(new UiKey("Esc"), keys);
    }

    private int TakeControl(ReadOnlySpan<byte> bytes, List<UiKey> keys, bool isLast)
    {
        var at = 2;
        while (at < bytes.Length && at < MaxWaiting && bytes[at] is >= 0x20 and <= 0x3F)
        {
            at++;
        }

        if (at == bytes.Length && at < MaxWaiting)
        {
            return isLast ? bytes.Length : 0;
        }

        if (at == MaxWaiting || bytes[at] is < 0x40 or > 0x7E)
        {
            // Not a sequence: what has been read of it is left out.
            return at;
        }

        var body = Encoding.ASCII.GetString(bytes[2..at]);
        var final = (char)bytes[at];
        if (final == '~' && body == "200")
        {
            _isPasting = true;
        }
        else if (body.StartsWith('<') && final is 'M' or 'm')
        {
            AddMouse(body[1..], isPressed: final == 'M', keys);
        }
        else
        {
            Add(KeyNames.Of(body, final), keys);
        }

        return at + 1;
    }

    // <button;column;row: 0 is the left button, 64 and 65 are the wheel.
    private static void AddMouse(string body, bool isPressed, List<UiKey> keys)
    {
        var parts = body.Split(';');
        if (
            parts.Length != 3
            || !ushort.TryParse(parts[0], out var button)
            || !ushort.TryParse(parts[1], out var column)
            || !ushort.TryParse(parts[2], out var row)
        )
        {
            return;
        }

        var name = (button, isPressed) switch
        {
            (0, true) => "Click",
            (64, true) => "WheelUp",
            (65, true) => "WheelDown",
            _ => "",
        };
        Add(name, keys, Math.Max(0, column - 1), Math.Max(0, row - 1));
    }

    private static void Add(string name, List<UiKey> keys, int x = 0, int y = 0)
    {
        if (name.Length > 0)
        {
            keys.Add(new UiKey(name) { X = x, Y = y });
        }
    }

    private static int One(UiKey key, List<UiKey> keys)
    {
        keys.Add(key);
        return 1;
    }
}
