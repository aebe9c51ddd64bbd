namespace Tspm.Cli.Terminal;

/// <summary>Nobody reads the output any more; the caller ends silently with 141.</summary>
internal sealed class OutputClosedException() : IOException("the reader closed the output");

/// <summary>The output cannot be written: a full disk, a failed device, a bad descriptor.</summary>
/// <param name="descriptor">1 or 2.</param>
/// <param name="errno">What the kernel said.</param>
internal sealed class OutputFailedException(int descriptor, int errno)
    : IOException(
        $"cannot write to file descriptor {descriptor}: {System.Runtime.InteropServices.Marshal.GetPInvokeErrorMessage(errno)}"
    )
{
    /// <summary>The kernel's error number: 28 ENOSPC, 5 EIO, and so on.</summary>
    public int Errno { get; } = errno;
}
