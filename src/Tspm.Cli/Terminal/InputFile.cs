using System.Runtime.InteropServices;
using Tspm.Cli.Terminal.Interop;

namespace Tspm.Cli.Terminal;

/// <summary>This command's stdin.</summary>
internal static class InputFile
{
    private const int Descriptor = 0;

    /// <summary>Waits for bytes.</summary>
    /// <returns>How many came; 0 or less at the end, or where there is no stdin.</returns>
    public static unsafe int Read(Span<byte> buffer)
    {
        fixed (byte* first = buffer)
        {
            nint read;
            do
            {
                read = TerminalCalls.Read(Descriptor, first, (nuint)buffer.Length);
            } while (read < 0 && Marshal.GetLastPInvokeError() == TerminalCalls.Interrupted);
            return (int)read;
        }
    }
}
