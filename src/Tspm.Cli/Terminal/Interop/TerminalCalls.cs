using System.Runtime.InteropServices;

namespace Tspm.Cli.Terminal.Interop;

/// <summary>The calls of libc that the terminal code needs.</summary>
internal static partial class TerminalCalls
{
    /// <summary>errno: a signal came first.</summary>
    internal const int Interrupted = 4;

    /// <summary>errno: the descriptor does not block and is full.</summary>
    internal const int TryAgain = 11;

    /// <summary>errno: nobody reads any more.</summary>
    internal const int BrokenPipe = 32;

    /// <summary>poll: something to read.</summary>
    internal const short PollIn = 1;

    /// <summary>poll: room to write.</summary>
    internal const short PollOut = 4;

    /// <summary>poll: nobody reads (pipe), or the descriptor is bad.</summary>
    internal const short PollError = 8 | 16 | 32;

    private const string Libc = "libc";

    /// <summary>Writes bytes; −1 with errno on failure.</summary>
    [LibraryImport(Libc, EntryPoint = "write", SetLastError = true)]
    internal static unsafe partial nint Write(int descriptor, byte* bytes, nuint count);

    /// <summary>Reads bytes; 0 at the end, −1 with errno on failure.</summary>
    [LibraryImport(Libc, EntryPoint = "read", SetLastError = true)]
    internal static unsafe partial nint Read(int descriptor, byte* bytes, nuint count);

    /// <summary>Waits for descriptors; −1 with errno on failure.</summary>
    [LibraryImport(Libc, EntryPoint = "poll", SetLastError = true)]
    internal static partial int Poll(ref PollRequest request, nuint count, int timeoutMs);

    /// <summary>1 if the descriptor is a terminal.</summary>
    [LibraryImport(Libc, EntryPoint = "isatty")]
    internal static partial int IsTerminal(int descriptor);

    /// <summary>Asks a terminal for its size (TIOCGWINSZ); not 0 if it has none.</summary>
    [LibraryImport(Libc, EntryPoint = "ioctl")]
    internal static partial int GetSize(int descriptor, nuint request, ref WindowSize size);

    /// <summary>The settings of a terminal; not 0 if it has none.</summary>
    [LibraryImport(Libc, EntryPoint = "tcgetattr")]
    internal static unsafe partial int GetSettings(int descriptor, byte* settings);

    /// <summary>Changes the settings of a terminal; with 1 after what was written has gone out.</summary>
    [LibraryImport(Libc, EntryPoint = "tcsetattr")]
    internal static unsafe partial int SetSettings(int descriptor, int when, byte* settings);

    /// <summary>Makes settings of which every byte comes as it is typed.</summary>
    [LibraryImport(Libc, EntryPoint = "cfmakeraw")]
    internal static unsafe partial void MakeRaw(byte* settings);

    /// <summary>A counter that can be waited for.</summary>
    [LibraryImport(Libc, EntryPoint = "eventfd", SetLastError = true)]
    internal static partial int OpenCounter(uint value, int flags);

    /// <summary>Sends a signal to the calling thread; it has acted when the call returns.</summary>
    [LibraryImport(Libc, EntryPoint = "raise")]
    internal static partial int Raise(int signal);

    /// <summary>Sends a signal; to the own group with 0.</summary>
    [LibraryImport(Libc, EntryPoint = "kill")]
    internal static partial int SendSignal(int process, int signal);

    /// <summary>Sets what a signal does, and gives what it did.</summary>
    [LibraryImport(Libc, EntryPoint = "sigaction")]
    internal static unsafe partial int ExchangeAction(int signal, byte* next, byte* before);

    /// <summary>Sets what a signal does.</summary>
    [LibraryImport(Libc, EntryPoint = "signal")]
    internal static partial nint SetSignal(int signal, nint action);
}

/// <summary>struct pollfd.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct PollRequest
{
    /// <summary>The descriptor.</summary>
    internal int Descriptor;

    /// <summary>What is asked.</summary>
    internal short Events;

    /// <summary>What is the case.</summary>
    internal short Returned;
}

/// <summary>struct winsize.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct WindowSize
{
    /// <summary>Lines.</summary>
    internal ushort Rows;

    /// <summary>Cells in a line.</summary>
    internal ushort Columns;

    /// <summary>Width in pixels; not used.</summary>
    internal ushort PixelWidth;

    /// <summary>Height in pixels; not used.</summary>
    internal ushort PixelHeight;
}
