using Tspm.Keeper.Interop;

namespace Tspm.Keeper.Control;

/// <summary>Notices that the home was deleted: then nobody can ever ask for its programs again, and another keeper could start them twice.</summary>
/// <remarks>Control thread only. A home that was only moved is still there: its directory has a name.</remarks>
internal sealed class HomeWatch : IDisposable
{
    private const long LookEvery = 1_000_000_000;
    private readonly int _directory;
    private long _lookAt;

    /// <summary>Opens the directory of this machine in the home.</summary>
    public HomeWatch(string directory) =>
        _directory = LibC.open(directory, LibC.ReadOnly | LibC.CloseOnExec, 0);

    /// <summary>True once it is gone; looks at most once a second.</summary>
    public bool IsDeleted(long now)
    {
        if (now < _lookAt || _directory < 0)
        {
            return false;
        }

        _lookAt = now + LookEvery;
        return FileFacts.CountNames(_directory) == 0;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        if (_directory >= 0)
        {
            LibC.close(_directory);
        }
    }
}
