using System.Text;
using Tspm.Cli.Terminal;

namespace Tspm.Cli.Rendering;

/// <summary>One of twelve colours for each process, the same in every session unless another one has it already.</summary>
internal sealed class PrefixColors(ColorDepth depth)
{
    private const int Count = 12;

    // Readable on dark and on light ground: neither very bright nor very dark.
    private static readonly byte[] Palette =
    [
        32,
        36,
        65,
        71,
        97,
        101,
        130,
        132,
        136,
        166,
        168,
        173,
    ];

    // Of the 16: no black, no white, no red (errors).
    private static readonly byte[] Basic = [32, 33, 34, 35, 36, 92, 93, 94, 95, 96, 90, 91];

    private readonly int[] _users = new int[Count];

    /// <summary>Takes a colour: the one of the name's hash, or the next one that fewer processes have.</summary>
    /// <returns>0 to 11.</returns>
    public int Take(string ns, string name)
    {
        var first = (int)(Hash($"{ns}/{name}") % Count);
        var fewest = _users.Min();
        var index = first;
        while (_users[index] > fewest)
        {
            index = (index + 1) % Count;
        }

        _users[index]++;
        return index;
    }

    /// <summary>Gives a colour back when its process is not visible any more.</summary>
    public void Return(int index) => _users[index] = Math.Max(0, _users[index] - 1);

    /// <summary>The sequence that sets a colour.</summary>
    public byte[] Sequence(int index) =>
        Encoding.ASCII.GetBytes(
            depth == ColorDepth.Sixteen ? $"\e[{Basic[index]}m" : $"\e[38;5;{Palette[index]}m"
        );

    // FNV-1a, 32 bits, with a last mix so that the low bits are good.
    private static uint Hash(string text)
    {
        var hash = 2_166_136_261u;
        foreach (var value in Encoding.UTF8.GetBytes(text))
        {
            hash = (hash ^ value) * 16_777_619u;
        }

        hash ^= hash >> 15;
        hash *= 0x2C1B_3C6D;
        return hash ^ (hash >> 12);
    }
}
