namespace Tspm.Integration.Tests;

/// <summary>A tmpfs of 1 MiB with a home in it; needs root.</summary>
internal sealed class SmallDisk : IAsyncDisposable
{
    private readonly string _gates = Directory.CreateTempSubdirectory("tsg").FullName;
    private readonly TestMount _mount;

    private SmallDisk(TestMount mount) => _mount = mount;

    public string Root => _mount.Root;

    public static SmallDisk Mount() =>
        new(TestMount.Of("-t", "tmpfs", "-o", "size=1m,mode=0700", "tmpfs"));

    public TspmHome NewHome()
    {
        var home = new TspmHome(Path.Join(Root, "h"));
        home.Variables["TSPM_RESERVE_BYTES"] = "0";
        return home;
    }

    /// <summary>A file that a program waits for; it lies elsewhere.</summary>
    public string Gate(string name) => Path.Join(_gates, name);

    public void Fill() => _mount.Fill();

    public void Free() => _mount.Free();

    /// <summary>Whether the file system takes nothing at all.</summary>
    public void SetReadOnly(bool isReadOnly) =>
        Assert.Equal(
            "",
            TestMount.Run("mount", "-o", isReadOnly ? "remount,ro" : "remount,rw", Root)
        );

    public async ValueTask DisposeAsync()
    {
        await _mount.DisposeAsync();
        Directory.Delete(_gates, recursive: true);
    }
}
