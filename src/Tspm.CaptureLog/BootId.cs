using System.Buffers.Binary;

namespace Tspm.CaptureLog;

/// <summary>Which boot of the machine this is: pids and monotonic times of another boot mean nothing.</summary>
public static class BootId
{
    private const string KernelFile = "/proc/sys/kernel/random/boot_id";

    /// <summary>Another file to read it from: how a test reboots the machine.</summary>
    private const string Variable = "TSPM_BOOT_ID_FILE";

    /// <summary>The id as text.</summary>
    public static string Text { get; } =
        File.ReadAllText(Environment.GetEnvironmentVariable(Variable) ?? KernelFile).Trim();

    /// <summary>The first 8 of its 16 bytes; 0 if it is no id.</summary>
    public static ulong First8 { get; } = Read();

    private static ulong Read()
    {
        Span<byte> bytes = stackalloc byte[16];
        return Guid.TryParse(Text, out var id) && id.TryWriteBytes(bytes, bigEndian: true, out _)
            ? BinaryPrimitives.ReadUInt64LittleEndian(bytes)
            : 0;
    }
}
