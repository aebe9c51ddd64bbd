using System.Text;
using Tspm.Keeper.Interop;

namespace Tspm.Keeper.Control;

/// <summary>Tells the command that started the keeper how it went, once; then lets go of its descriptors.</summary>
internal sealed class ReadyPipe
{
    private bool _isTold;

    /// <summary>The daemon serves.</summary>
    public void Succeed() => Tell("ready\n");

    /// <summary>It does not, and why.</summary>
    public void Fail(string reason) => Tell(reason + "\n");

    private unsafe void Tell(string text)
    {
        if (_isTold)
        {
            return;
        }

        _isTold = true;
        var bytes = Encoding.UTF8.GetBytes(text);
        fixed (byte* first = bytes)
        {
            // The command may be gone; then nobody needs to know.
            _ = LibC.write(1, first, (nuint)bytes.Length);
        }

        var nothing = LibC.open("/dev/null", LibC.ReadWrite | LibC.CloseOnExec, 0);
        for (var descriptor = 0; descriptor < 3; descriptor++)
        {
            _ = LibC.dup2(nothing, descriptor);
        }

        LibC.close(nothing);
    }
}
