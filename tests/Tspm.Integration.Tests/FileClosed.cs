using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Tspm.Integration.Tests;

/// <summary>Notices that somebody, who had opened a file to write, has closed it.</summary>
internal sealed partial class FileClosed : IDisposable
{
    private const int CloseOnExec = 0x80000;
    private const uint ClosedAfterWriting = 8;
    private readonly FileStream _events;

    /// <summary>Looks from now on.</summary>
    public FileClosed(string path)
    {
        var inotify = inotify_init1(CloseOnExec);
        Assert.True(inotify >= 0);
        Assert.True(inotify_add_watch(inotify, path, ClosedAfterWriting) >= 0);
        _events = new FileStream(
            new SafeFileHandle(inotify, ownsHandle: true),
            FileAccess.Read,
            bufferSize: 0
        );
    }

    /// <summary>Waits for the first time.</summary>
    public async Task WaitAsync()
    {
        var buffer = new byte[4096];
        var read = Task.Run(() => _events.Read(buffer));
        Assert.True(await read.WaitAsync(TspmHome.Deadline) > 0);
    }

    public void Dispose() => _events.Dispose();

    [LibraryImport("libc", SetLastError = true)]
    private static partial int inotify_init1(int flags);

    [LibraryImport("libc", StringMarshalling = StringMarshalling.Utf8, SetLastError = true)]
    private static partial int inotify_add_watch(int inotify, string path, uint mask);
}
