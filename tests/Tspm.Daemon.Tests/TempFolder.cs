namespace Tspm.Daemon.Tests;

/// <summary>A directory that is gone after the test.</summary>
internal sealed class TempFolder : IDisposable
{
    private readonly string _path = Directory.CreateTempSubdirectory("tspm-daemon-tests-").FullName;

    public string this[string name] => Path.Combine(_path, name);

    public string[] FileNames() =>
        [
            .. Directory
                .EnumerateFiles(_path)
                .Select(path => Path.GetFileName(path))
                .Order(StringComparer.Ordinal),
        ];

    public void Dispose() => Directory.Delete(_path, recursive: true);
}
