using System.Buffers.Binary;

namespace Tspm.Keeper.Journal;

/// <summary>Which boot of the machine this is: pids of another boot mean nobody.</summary>
internal static class BootId
{
    private const string File = "/proc/sys/kernel/random/boot_id";

    /// <summary>The first 8 of its 16 bytes.</summary>
    public static ulong First8 { get; } = Read();

    private static ulong Read()
    {
        Span<byte> bytes = stackalloc byte[16];
        var text = System.IO.File.ReadAllText(File).Trim();
        return Guid.TryParse(text, out var id) && id.TryWriteBytes(bytes, bigEndian: true, out _)
            ? BinaryPrimitives.ReadUInt64LittleEndian(bytes)
            : 0;
    }
}
