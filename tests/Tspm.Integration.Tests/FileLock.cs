using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Tspm.Integration.Tests;

/// <summary>A lock of keeper or daemon, held by the test.</summary>
internal static partial class FileLock
{
    private const int Exclusive = 2;

    /// <summary>Takes it; who disposes of the handle gives it back.</summary>
    public static SafeFileHandle Take(string path)
    {
        var file = File.OpenHandle(path, FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite);
        Assert.Equal(0, flock(file, Exclusive));
        return file;
    }

    [LibraryImport("libc", SetLastError = true)]
    private static partial int flock(SafeFileHandle file, int operation);
}
