using Microsoft.Win32.SafeHandles;
using Tspm.CaptureLog;
using Tspm.CaptureLog.Control;
using Tspm.Daemon.Interop;

namespace Tspm.Daemon.Keeper;

/// <summary>Descriptors of all living runs, held so that a keeper's death costs nothing; never read from.</summary>
/// <remarks>
/// Any thread. The keeper gives them, the journal says when a part has ended, the next keeper gets what it cannot open by
/// name. A part may end before its descriptor comes; while any may be on its way such ends are remembered.
/// </remarks>
internal sealed class HeldRuns : IDisposable
{
    private const ulong CutReason = 2;
    private const int Parts = 4;
    private readonly Lock _gate = new();

    // Guarded by _gate.
    private readonly Dictionary<(uint Process, uint Run), HeldRun> _runs = [];
    private readonly HashSet<(uint Process, uint Run)> _expected = [];
    private bool _isGreeting;

    /// <summary>Descriptors that are held.</summary>
    public int Count
    {
        get
        {
            lock (_gate)
            {
                return _runs.Values.Sum(run =>
                    run.Descriptors.Count(descriptor => descriptor >= 0)
                );
            }
        }
    }

    /// <summary>
    /// A keeper is about to give all it has, or the one before was lost: a run of which nothing is left meanwhile is named
    /// to the next one all the same, since what it wrote was held.
    /// </summary>
    public void BeginGreeting()
    {
        lock (_gate)
        {
            _isGreeting = true;
        }
    }

    /// <summary>It has.</summary>
    public void EndGreeting()
    {
        lock (_gate)
        {
            _isGreeting = false;
            ForgetEmpty();
        }
    }

    /// <summary>A run is about to be spawned: its descriptors come before the answer.</summary>
    public void Expect(uint process, uint run)
    {
        lock (_gate)
        {
            _expected.Add((process, run));
        }
    }

    /// <summary>The answer has come; of a run that does not live nothing is kept.</summary>
    public void Answered(uint process, uint run, bool isAlive)
    {
        lock (_gate)
        {
            _expected.Remove((process, run));
            if (!isAlive && _runs.TryGetValue((process, run), out var held))
            {
                held.Close(HoldParts.All);
            }

            ForgetEmpty();
        }
    }

    /// <summary>Takes over descriptors.</summary>
    public void Keep(RunHold hold, int[] descriptors)
    {
        lock (_gate)
        {
            var held = FindOrAdd((hold.Process, hold.Run));
            var at = 0;
            for (var i = 0; i < Parts; i++)
            {
                var part = (HoldParts)(1u << i);
                if (!hold.Parts.HasFlag(part))
                {
                    continue;
                }

                var descriptor = descriptors[at++];
                if (held.Ended.HasFlag(part) || held.Descriptors[i] >= 0)
                {
                    LibC.Close(descriptor);
                }
                else
                {
                    held.Descriptors[i] = descriptor;
                    held.WasHeld = true;
                }
            }
        }
    }

    /// <summary>The journal tells that something ended.</summary>
    public void OnRecord(in JournalRecord record)
    {
        var ended = record.Kind switch
        {
            JournalRecordKind.Exited => HoldParts.Leader,
            JournalRecordKind.SpawnFailed => HoldParts.All,
            JournalRecordKind.StreamEnd when record.B != CutReason => record.Stream
            == StreamKind.Err
                ? HoldParts.Err
                : HoldParts.Out | HoldParts.Terminal,
            _ => HoldParts.None,
        };
        if (ended == HoldParts.None)
        {
            return;
        }

        lock (_gate)
        {
            var key = (record.Process, record.Run);
            if (_runs.ContainsKey(key) || _isGreeting || _expected.Contains(key))
            {
                FindOrAdd(key).Close(ended);
                ForgetEmpty();
            }
        }
    }

    /// <summary>Gives a new keeper what it cannot open by name.</summary>
    /// <exception cref="KeeperGoneException">It went away.</exception>
    public async Task GiveAsync(KeeperConnection connection, CancellationToken ct)
    {
        foreach (var (hold, descriptors) in CopyForKeeper())
        {
            try
            {
                await connection.SendAsync(hold.Encode(), descriptors, ct);
            }
            finally
            {
                foreach (var descriptor in descriptors)
                {
                    LibC.Close(descriptor);
                }
            }
        }

        await connection.SendAsync(new ControlWriter().Finish(ControlKind.HoldEnd, 0), ct);
    }

    /// <summary>What a new keeper cannot open by name: pidfds and terminals. The descriptors stay ours, copies are given.</summary>
    /// <returns>Frames with copies of descriptors, which the caller closes; one without any tells that the run was held.</returns>
    public IReadOnlyList<(RunHold Hold, int[] Descriptors)> CopyForKeeper()
    {
        lock (_gate)
        {
            var frames = new List<(RunHold, int[])>();
            foreach (var ((process, run), held) in _runs)
            {
                var parts = HoldParts.None;
                var copies = new List<int>();
                foreach (var part in new[] { HoldParts.Leader, HoldParts.Terminal })
                {
                    var descriptor = held.Descriptors[HeldRun.IndexOf(part)];
                    var copy = descriptor < 0 ? -1 : LibC.Duplicate(descriptor);
                    if (copy >= 0)
                    {
                        parts |= part;
                        copies.Add(copy);
                    }
                }

                if (held.WasHeld)
                {
                    frames.Add((new RunHold(process, run, parts), [.. copies]));
                }
            }

            return frames;
        }
    }

    /// <summary>A copy of the other side of a run's terminal; null if it is not held.</summary>
    public SafeFileHandle? CopyTerminal(uint process, uint run)
    {
        lock (_gate)
        {
            var descriptor = _runs.TryGetValue((process, run), out var held)
                ? held.Descriptors[HeldRun.IndexOf(HoldParts.Terminal)]
                : -1;
            var copy = descriptor < 0 ? -1 : LibC.Duplicate(descriptor);
            return copy < 0 ? null : new SafeFileHandle(copy, ownsHandle: true);
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        lock (_gate)
        {
            foreach (var held in _runs.Values)
            {
                held.Close(HoldParts.All);
            }

            _runs.Clear();
        }
    }

    private HeldRun FindOrAdd((uint Process, uint Run) key)
    {
        if (!_runs.TryGetValue(key, out var held))
        {
            held = new HeldRun();
            _runs.Add(key, held);
        }

        return held;
    }

    private void ForgetEmpty()
    {
        if (_isGreeting)
        {
            return;
        }

        foreach (var (key, held) in _runs)
        {
            if (held.IsEmpty && !_expected.Contains(key))
            {
                // Allowed while enumerating, since .NET Core 3.
                _runs.Remove(key);
            }
        }
    }

    private sealed class HeldRun
    {
        public int[] Descriptors { get; } = [-1, -1, -1, -1];

        public HoldParts Ended { get; private set; }

        public bool WasHeld { get; set; }

        public bool IsEmpty => Array.TrueForAll(Descriptors, descriptor => descriptor < 0);

        public static int IndexOf(HoldParts part) =>
            System.Numerics.BitOperations.TrailingZeroCount((uint)part);

        public void Close(HoldParts parts)
        {
            Ended |= parts;
            for (var i = 0; i < Descriptors.Length; i++)
            {
                if (parts.HasFlag((HoldParts)(1u << i)) && Descriptors[i] >= 0)
                {
                    LibC.Close(Descriptors[i]);
                    Descriptors[i] = -1;
                }
            }
        }
    }
}
