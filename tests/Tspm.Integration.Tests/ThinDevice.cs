namespace Tspm.Integration.Tests;

/// <summary>An ext4 on a loop device whose image is sparse, on a tmpfs that can be filled: the file system believes in space that is not there.</summary>
internal sealed class ThinDevice : IAsyncDisposable
{
    private const long ImageBytes = 64 << 20;
    private readonly TestMount _backing;
    private readonly TestMount _mount;

    private ThinDevice(TestMount backing, TestMount mount)
    {
        _backing = backing;
        _mount = mount;
    }

    public string Root => _mount.Root;

    public static async Task<ThinDevice> MountAsync()
    {
        var backing = TestMount.Of("-t", "tmpfs", "-o", "size=16m", "tmpfs");
        try
        {
            var image = Path.Join(backing.Root, "image");
            await using (var file = File.Create(image))
            {
                file.SetLength(ImageBytes);
            }

            var fault = TestMount.Run("mkfs.ext4", "-q", "-F", "-O", "^has_journal", image);
            Assert.SkipWhen(fault.Length > 0, $"no file system can be made here: {fault}");
            return new ThinDevice(backing, TestMount.Of("-o", "loop,errors=continue", image));
        }
        catch
        {
            await backing.DisposeAsync();
            throw;
        }
    }

    /// <summary>A file that a program waits for; it lies elsewhere.</summary>
    public string Gate(string name) => Path.Join(_backing.Root, name);

    /// <summary>Not a block is left below the file system.</summary>
    public void TakeSpace() => _backing.Fill();

    public void GiveSpace() => _backing.Free();

    public async ValueTask DisposeAsync()
    {
        await _mount.DisposeAsync();
        await _backing.DisposeAsync();
    }
}
