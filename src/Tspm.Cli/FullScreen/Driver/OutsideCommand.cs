using System.Text;
using Microsoft.Win32.SafeHandles;
using Tspm.Cli.FullScreen.Model;
using Tspm.Cli.Launch;
using Tspm.Cli.Terminal.Interop;

namespace Tspm.Cli.FullScreen.Driver;

/// <summary>Runs a command on the ordinary screen, and waits for Enter before the view comes back.</summary>
internal static class OutsideCommand
{
    /// <summary>Runs it to its end.</summary>
    /// <param name="command">What the user typed.</param>
    /// <param name="home">The home that commands of tspm get.</param>
    /// <param name="say">Writes a line for the user.</param>
    public static void Run(RunOutside command, string home, Action<string> say)
    {
        var line = command.IsOwn
            ? $"TSPM_HOME={Quote(home)}; export TSPM_HOME; exec {string.Join(' ', SelfCommand.With().Select(Quote))} {command.Line}"
            : command.Line;
        say(command.IsOwn ? $"$ tspm {command.Line}" : $"$ {command.Line}");
        using var input = command.Input is { } text
            ? MemoryOf(text)
            : new SafeFileHandle(0, ownsHandle: false);
        using var output = new SafeFileHandle(1, ownsHandle: false);
        using var errors = new SafeFileHandle(2, ownsHandle: false);
        var pid = LibC.StartTool(["/bin/sh", "-c", line], input, output, errors);
        if (pid == 0)
        {
            say("tspm: /bin/sh cannot be started");
        }
        else
        {
            LibC.WaitFor(pid);
        }

        say("-- Enter goes back to tspm ui --");
        WaitForLine();
    }

    private static SafeFileHandle MemoryOf(string text)
    {
        var file = LibC.OpenMemory();
        RandomAccess.Write(file, Encoding.UTF8.GetBytes(text), 0);
        return file;
    }

    private static unsafe void WaitForLine()
    {
        byte one = 0;
        while (true)
        {
            var count = TerminalCalls.Read(0, &one, 1);
            var isInterrupted =
                count < 0
                && System.Runtime.InteropServices.Marshal.GetLastPInvokeError()
                    == TerminalCalls.Interrupted;
            if (!isInterrupted && (count < 1 || one == (byte)'\n'))
            {
                return;
            }
        }
    }

    private static string Quote(string text) => $"'{text.Replace("'", "'\\''")}'";
}
