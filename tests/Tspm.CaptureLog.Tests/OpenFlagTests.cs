using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Tspm.CaptureLog.Tests;

/// <summary>Numbers that the kernel gives to flags differently on each processor.</summary>
public sealed partial class OpenFlagTests
{
    private const int NotDirectory = 20;

    [Theory]
    [InlineData(Architecture.X64, 0x10000)]
    [InlineData(Architecture.Arm64, 0x4000)]
    [InlineData(Architecture.Arm, 0x4000)]
    [InlineData(Architecture.RiscV64, 0x10000)]
    public void A_directory_is_asked_for_by_the_number_of_the_processor(
        Architecture processor,
        int flag
    ) => Assert.Equal(flag, OpenFlag.DirectoryOnlyOf(processor));

    [Fact]
    public void Here_a_file_is_refused_and_a_directory_is_opened()
    {
        var file = Path.GetTempFileName();

        using var refused = new SafeFileHandle(open(file, OpenFlag.DirectoryOnly), true);
        var errno = Marshal.GetLastPInvokeError();
        using var opened = new SafeFileHandle(open("/", OpenFlag.DirectoryOnly), true);

        File.Delete(file);
        Assert.True(refused.IsInvalid);
        Assert.Equal(NotDirectory, errno);
        Assert.False(opened.IsInvalid);
    }

    [LibraryImport("libc", StringMarshalling = StringMarshalling.Utf8, SetLastError = true)]
    private static partial nint open(string path, int flags);
}
