using System.Diagnostics;
using System.Text.RegularExpressions;
using Tspm.TestTools;

namespace Tspm.KillMatrix;

/// <summary>A follow that stays attached over everything; every line it shows is checked against the one before.</summary>
internal sealed partial class FlowFollower
{
    private const int BufferBytes = 1024 * 1024;
    private static readonly TimeSpan BetweenLooks = TimeSpan.FromMilliseconds(10);
    private readonly Process _process;
    private readonly Task _reading;
    private readonly Task<string> _errors;
    private readonly bool _hasRuns;
    private long _last;

    /// <summary>Reads a follow.</summary>
    /// <param name="process">It.</param>
    /// <param name="hasRuns">The numbers begin again with each run, and the follow may begin anywhere.</param>
    public FlowFollower(Process process, bool hasRuns = false)
    {
        _process = process;
        _hasRuns = hasRuns;
        _errors = process.StandardError.ReadToEndAsync();
        _reading = Task.Run(Read);
    }

    /// <summary>The number of the last line.</summary>
    public long Last => Volatile.Read(ref _last);

    /// <summary>Lines that were shown.</summary>
    public long Shown { get; private set; }

    public long Lost { get; private set; }

    public long Doubled { get; private set; }

    public long Damaged { get; private set; }

    /// <summary>The first line that was wrong.</summary>
    public string? Fault { get; private set; }

    /// <summary>Ends it; what its receipt says was shown and lost.</summary>
    public async Task<(long Shown, long Lost)> EndAsync()
    {
        await HasHandlerAsync();
        Home.Interrupt(_process.Id);
        await _reading;
        await _process.WaitForExitAsync();
        var errors = await _errors;
        var receipt = Receipt().Match(errors);
        return receipt.Success
            ? (long.Parse(receipt.Groups[1].Value), long.Parse(receipt.Groups[2].Value))
            : throw new InvalidOperationException($"no receipt in: {errors}");
    }

    /// <summary>One that has only just been started ends without a word if it is interrupted before it listens to that.</summary>
    private async Task HasHandlerAsync()
    {
        const int sigInt = 2;
        const string caught = "SigCgt:";
        while (!_process.HasExited)
        {
            var status = await File.ReadAllLinesAsync($"/proc/{_process.Id}/status");
            var mask = Array.Find(
                status,
                line => line.StartsWith(caught, StringComparison.Ordinal)
            );
            if (
                mask is not null
                && (Convert.ToUInt64(mask[caught.Length..].Trim(), 16) & (1UL << (sigInt - 1))) != 0
            )
            {
                return;
            }

            await Task.Delay(BetweenLooks);
        }
    }

    private void Read()
    {
        var buffer = new byte[BufferBytes];
        var length = 0;
        var stream = _process.StandardOutput.BaseStream;
        while (true)
        {
            var read = stream.Read(buffer.AsSpan(length));
            if (read == 0)
            {
                return;
            }

            length += read;
            var rest = buffer.AsSpan(0, length);
            for (var end = rest.IndexOf((byte)'\n'); end >= 0; end = rest.IndexOf((byte)'\n'))
            {
                Take(rest[..end]);
                rest = rest[(end + 1)..];
            }

            length = rest.Length;
            rest.CopyTo(buffer);
        }
    }

    private void Take(ReadOnlySpan<byte> line)
    {
        if (line.StartsWith("-- "u8))
        {
            // A marker: what it tells shows in the numbers too.
            return;
        }

        if (!FlowLines.TryRead(line, out var number))
        {
            Damaged++;
            Fault ??= $"after {_last}: {System.Text.Encoding.UTF8.GetString(line)}";
            return;
        }

        Shown++;
        if (number == _last + 1 || (_hasRuns && (number == 1 || Shown == 1)))
        {
            Volatile.Write(ref _last, number);
            return;
        }

        Fault ??= $"{number} after {_last}";
        if (number <= _last)
        {
            Doubled++;
            return;
        }

        Lost += number - _last - 1;
        Volatile.Write(ref _last, number);
    }

    [GeneratedRegex(@"(\d+) shown, \d+ filtered, (\d+) lost")]
    private static partial Regex Receipt();
}
