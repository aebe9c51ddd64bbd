using System.Runtime.InteropServices;
using Tspm.CaptureLog.Spawning;
using Tspm.Keeper.Interop;

namespace Tspm.Keeper.Reexec;

/// <summary>A program that was started to say what it is, before anything depends on it.</summary>
/// <remarks>Control thread only; the loop tells it of its output, its end and the time, and goes on meanwhile.</remarks>
internal sealed unsafe class BinaryCheck : IDisposable
{
    private const int MaxAnswer = 16 * 1024;
    private const long Deadline = 10_000_000_000;
    private const int SigKill = 9;
    private readonly byte[] _answer = new byte[MaxAnswer];
    private int _length;
    private bool _hasClosed;
    private int? _code;

    private BinaryCheck(IReadOnlyList<string> program, int pid, int output, long now)
    {
        Program = program;
        Pid = pid;
        Output = output;
        GivenUpAt = now + Deadline;
    }

    /// <summary>The program and the arguments before its command.</summary>
    public IReadOnlyList<string> Program { get; }

    /// <summary>Its pid.</summary>
    public int Pid { get; }

    /// <summary>The descriptor of what it prints.</summary>
    public int Output { get; }

    /// <summary>Monotonic time, ns, at which it is killed.</summary>
    public long GivenUpAt { get; }

    /// <summary>True when it has ended and said what it had to.</summary>
    public bool IsOver => _hasClosed && _code is not null;

    /// <summary>Starts it.</summary>
    /// <param name="program">The program.</param>
    /// <param name="environment">Its environment.</param>
    /// <param name="now">Monotonic time, ns.</param>
    /// <param name="fault">Why it could not be started.</param>
    public static BinaryCheck? Start(
        IReadOnlyList<string> program,
        IReadOnlyList<string> environment,
        long now,
        out string fault
    )
    {
        fault = "";
        if (!LibC.TryMakePipe(out var reader, out var writer))
        {
            fault = Marshal.GetPInvokeErrorMessage(LibC.LastError);
            return null;
        }

        using var spawn = new PosixSpawn();
        spawn.Open(0, "/dev/null", LibC.ReadOnly);
        spawn.Copy(writer, 1);
        spawn.Open(2, "/dev/null", LibC.WriteOnly);
        var errno = spawn.Start(
            program[0],
            null,
            [.. program, BuildReport.Command],
            environment,
            out var pid
        );
        LibC.close(writer);
        if (errno == 0)
        {
            return new BinaryCheck(program, pid, reader, now);
        }

        LibC.close(reader);
        fault = $"{program[0]}: {Marshal.GetPInvokeErrorMessage(errno)}";
        return null;
    }

    /// <summary>Its output can be read.</summary>
    public void OnReadable()
    {
        while (!_hasClosed)
        {
            fixed (byte* buffer = _answer)
            {
                var room = MaxAnswer - _length;
                var read = room == 0 ? 0 : LibC.read(Output, buffer + _length, (nuint)room);
                if (read < 0 && LibC.LastError is LibC.Again or LibC.Interrupted)
                {
                    return;
                }

                _hasClosed = read <= 0;
                _length += (int)Math.Max(0, read);
            }
        }
    }

    /// <summary>It was reaped.</summary>
    public void OnExited(int code)
    {
        _code = code;
        OnReadable();

        // A grandchild may hold the pipe; the answer is what the program itself said.
        _hasClosed = true;
    }

    /// <summary>It takes too long.</summary>
    public void Kill() => _ = LibC.kill(Pid, SigKill);

    /// <summary>Whether it may take over from a build; the reason if not.</summary>
    public string? FindFault(BuildReport before, out BuildReport? report)
    {
        report = _code == 0 ? BuildReport.Parse(_answer.AsMemory(0, _length)) : null;
        return _code != 0 ? $"{Program[0]} {BuildReport.Command} ended with code {_code}"
            : report is null ? $"{Program[0]} is no tspm, or an older one that cannot take over"
            : report.FindFault(before);
    }

    /// <inheritdoc/>
    public void Dispose() => LibC.close(Output);
}
