using System.Runtime.InteropServices;
using System.Text;

namespace Tspm.Cli.Launch.Exec;

/// <summary>What execve takes, made before any limit could be in the way of making it.</summary>
internal sealed unsafe partial class ExecImage : IDisposable
{
    private const int Signals = 64;
    private const int SignalSetBytes = 128;
    private const int SetMask = 2;
    private const uint FirstOfOurs = 3;
    private const uint MarkOnly = 4;
    private const long CloseRangeNumber = 436;
    private readonly byte[] _environment;
    private readonly List<nint> _made = [];
    private readonly byte** _arguments;
    private readonly byte** _variables;

    /// <summary>Makes it.</summary>
    /// <param name="arguments">argv, the name first.</param>
    /// <param name="environment">What this process was given: NAME=value, each ended by a zero byte.</param>
    public ExecImage(IReadOnlyList<string> arguments, byte[] environment)
    {
        _environment = environment;
        _arguments = Strings([.. arguments.Select(Encoding.UTF8.GetBytes)]);
        var variables = new List<byte[]>();
        var rest = environment.AsSpan();
        while (rest.Length > 0)
        {
            var end = rest.IndexOf((byte)0);
            variables.Add((end < 0 ? rest : rest[..end]).ToArray());
            rest = end < 0 ? [] : rest[(end + 1)..];
        }

        _variables = Strings(variables);
    }

    /// <summary>The value of a variable; null if it is not there.</summary>
    /// <param name="name">With its equals sign.</param>
    public string? Find(string name) =>
        Encoding
            .UTF8.GetString(_environment)
            .Split('\0')
            .FirstOrDefault(one => one.StartsWith(name, StringComparison.Ordinal))
            ?[name.Length..];

    /// <summary>Becomes the program: all signals as they were at birth, none blocked, no descriptor of ours.</summary>
    /// <returns>errno.</returns>
    public int Execute(string path)
    {
        var mask = stackalloc byte[SignalSetBytes];
        new Span<byte>(mask, SignalSetBytes).Clear();

        // The runtime ignores SIGPIPE and handles others; what is ignored stays so over execve.
        for (var signal = 1; signal <= Signals; signal++)
        {
            _ = Default(signal, 0);
        }

        _ = sigprocmask(SetMask, mask, null);
        _ = syscall(CloseRangeNumber, FirstOfOurs, uint.MaxValue, MarkOnly);
        _ = execve(path, _arguments, _variables);
        return Marshal.GetLastPInvokeError();
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var pointer in _made)
        {
            NativeMemory.Free((void*)pointer);
        }
    }

    private byte** Strings(List<byte[]> texts)
    {
        var pointers = (byte**)
            NativeMemory.AllocZeroed((nuint)(texts.Count + 1), (nuint)sizeof(byte*));
        _made.Add((nint)pointers);
        for (var i = 0; i < texts.Count; i++)
        {
            pointers[i] = (byte*)NativeMemory.AllocZeroed((nuint)texts[i].Length + 1);
            texts[i].CopyTo(new Span<byte>(pointers[i], texts[i].Length));
            _made.Add((nint)pointers[i]);
        }

        return pointers;
    }

    [LibraryImport("libc", EntryPoint = "signal")]
    private static partial nint Default(int signal, nint handler);

    [LibraryImport("libc")]
    private static partial int sigprocmask(int how, byte* set, byte* old);

    [LibraryImport("libc")]
    private static partial long syscall(long number, uint first, uint last, uint flags);

    [LibraryImport("libc", StringMarshalling = StringMarshalling.Utf8, SetLastError = true)]
    private static partial int execve(string path, byte** arguments, byte** environment);
}
