namespace Tspm.Cli.Commands;

/// <summary>Finds the keys that end an attach in what is typed: Ctrl+] and then d; Ctrl+] twice is one Ctrl+]. Pure.</summary>
internal sealed class DetachKey
{
    private const byte Escape = 0x1D;
    private bool _isPending;

    /// <summary>Takes what was typed.</summary>
    /// <param name="typed">The bytes.</param>
    /// <param name="passed">Gets what the program is to have.</param>
    /// <returns>True if the person leaves; what comes after is dropped.</returns>
    public bool Take(ReadOnlySpan<byte> typed, List<byte> passed)
    {
        foreach (var key in typed)
        {
            if (!_isPending)
            {
                _isPending = key == Escape;
                if (!_isPending)
                {
                    passed.Add(key);
                }

                continue;
            }

            _isPending = false;
            if (key == (byte)'d')
            {
                return true;
            }

            passed.Add(Escape);
            if (key != Escape)
            {
                passed.Add(key);
            }
        }

        return false;
    }
}
