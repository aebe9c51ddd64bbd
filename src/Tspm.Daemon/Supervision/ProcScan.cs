using System.Buffers;
using System.Text;

namespace Tspm.Daemon.Supervision;

/// <summary>One look at all processes of the machine: who is whose child, who carries which mark, who holds which named pipe.</summary>
/// <remarks>Read once and asked for many runs, so that stopping a thousand programs does not mean a thousand looks.</remarks>
internal sealed class ProcScan
{
    private const int MaxEnvironment = 256 * 1024;
    private const int MaxDescriptors = 64;
    private static readonly byte[] MarkName = Encoding.ASCII.GetBytes("TSPM_RUN=");
    private readonly Dictionary<int, ProcFacts> _all = [];
    private readonly Dictionary<int, List<int>> _children = [];
    private readonly Dictionary<string, List<int>> _byMark = new(StringComparer.Ordinal);
    private readonly Dictionary<string, List<int>> _byPipe = new(StringComparer.Ordinal);

    private ProcScan() { }

    /// <summary>Looks.</summary>
    /// <param name="neverOurs">Pids that are left out.</param>
    public static ProcScan Read(IReadOnlySet<int> neverOurs)
    {
        var scan = new ProcScan();
        var buffer = ArrayPool<byte>.Shared.Rent(MaxEnvironment);
        try
        {
            foreach (var pid in ProcFacts.AllPids().Where(pid => !neverOurs.Contains(pid)))
            {
                if (ProcFacts.Read(pid) is { IsZombie: false } facts)
                {
                    scan.Add(facts, buffer);
                }
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }

        return scan;
    }

    /// <summary>The living processes of a run, the leader excepted.</summary>
    public IReadOnlyList<ProcFacts> Find(
        int leader,
        ulong leaderStart,
        Guid runId,
        IReadOnlyList<string> pipes
    )
    {
        var open = new Queue<int>(Of(_byMark, runId.ToString()));
        foreach (var pipe in pipes)
        {
            Of(_byPipe, pipe).ForEach(open.Enqueue);
        }

        if (_all.TryGetValue(leader, out var found) && found.StartTime == leaderStart)
        {
            Of(_children, leader).ForEach(open.Enqueue);
        }

        var ours = new HashSet<int>();
        while (open.TryDequeue(out var pid))
        {
            if (pid != leader && ours.Add(pid))
            {
                Of(_children, pid).ForEach(open.Enqueue);
            }
        }

        return [.. ours.Select(pid => _all[pid])];
    }

    private static List<int> Of<TKey>(Dictionary<TKey, List<int>> table, TKey key)
        where TKey : notnull => table.GetValueOrDefault(key) ?? [];

    private static void Put<TKey>(Dictionary<TKey, List<int>> table, TKey key, int pid)
        where TKey : notnull
    {
        if (!table.TryGetValue(key, out var pids))
        {
            table.Add(key, pids = []);
        }

        pids.Add(pid);
    }

    private void Add(in ProcFacts facts, byte[] buffer)
    {
        _all.Add(facts.Pid, facts);
        Put(_children, facts.ParentPid, facts.Pid);
        if (ReadMark(facts.Pid, buffer) is { } mark)
        {
            Put(_byMark, mark, facts.Pid);
        }

        foreach (var pipe in ReadPipes(facts.Pid))
        {
            Put(_byPipe, pipe, facts.Pid);
        }
    }

    private static string? ReadMark(int pid, byte[] buffer)
    {
        try
        {
            var length = ProcFacts.ReadInto(pid, "environ", buffer.AsSpan(0, MaxEnvironment));
            ReadOnlySpan<byte> left = buffer.AsSpan(0, length);
            while (!left.IsEmpty)
            {
                var end = left.IndexOf((byte)0);
                var entry = end < 0 ? left : left[..end];
                if (entry.StartsWith(MarkName))
                {
                    return Encoding.ASCII.GetString(entry[MarkName.Length..]);
                }

                left = end < 0 ? [] : left[(end + 1)..];
            }

            return null;
        }
        catch (IOException)
        {
            // It ended between two looks.
            return null;
        }
        catch (UnauthorizedAccessException)
        {
            // Another user's process, so not one of ours.
            return null;
        }
    }

    private static List<string> ReadPipes(int pid)
    {
        var found = new List<string>();
        try
        {
            foreach (var link in Directory.EnumerateFiles($"/proc/{pid}/fd").Take(MaxDescriptors))
            {
                var target = File.ResolveLinkTarget(link, returnFinalTarget: false)?.FullName;
                if (target is ['/', ..])
                {
                    found.Add(target);
                }
            }
        }
        catch (IOException)
        {
            // It ended between two looks; what was found is said.
        }
        catch (UnauthorizedAccessException)
        {
            // Another user's process.
        }

        return found;
    }
}
