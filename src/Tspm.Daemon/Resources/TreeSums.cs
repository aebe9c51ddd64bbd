namespace Tspm.Daemon.Resources;

/// <summary>Says to which run each program belongs, and adds up what the runs use.</summary>
/// <remarks>
/// A program belongs to a run if it is its leader, is in the session that the leader made, descends from one that belongs to
/// it, or (an orphan) carries its mark. Marks are read once per orphan. Keeper and daemon belong to nobody.
/// </remarks>
internal sealed class TreeSums(Func<int, Guid> readMark)
{
    private const int None = -1;
    private const int Open = -2;
    private readonly Dictionary<int, int> _owners = [];
    private readonly Dictionary<int, int> _leaders = [];
    private readonly Dictionary<int, int> _places = [];
    private Dictionary<(int Pid, ulong Start), Guid> _marks = [];
    private Dictionary<(int Pid, ulong Start), Guid> _oldMarks = [];

    /// <summary>Adds up.</summary>
    /// <param name="programs">All programs.</param>
    /// <param name="runs">The living runs.</param>
    /// <param name="neverOurs">Keeper and daemon.</param>
    /// <returns>In the order of the runs; one without programs has ended.</returns>
    public TreeSum[] Add(
        List<ProgramStat> programs,
        IReadOnlyList<SampledRun> runs,
        IReadOnlySet<int> neverOurs
    )
    {
        _owners.Clear();
        _leaders.Clear();
        _places.Clear();
        (_oldMarks, _marks) = (_marks, _oldMarks);
        _marks.Clear();
        for (var i = 0; i < programs.Count; i++)
        {
            _places[programs[i].Pid] = i;
        }

        var byMark = new Dictionary<Guid, int>(runs.Count);
        for (var run = 0; run < runs.Count; run++)
        {
            byMark[runs[run].RunId] = run;
            if (
                _places.TryGetValue(runs[run].Pid, out var place)
                && programs[place].StartTime == runs[run].StartTime
            )
            {
                _owners[runs[run].Pid] = run;
                _leaders[runs[run].Pid] = run;
            }
        }

        foreach (var pid in neverOurs)
        {
            _owners[pid] = None;
        }

        var sums = new TreeSum[runs.Count];
        for (var i = 0; i < sums.Length; i++)
        {
            sums[i] = new TreeSum();
        }

        foreach (var program in programs)
        {
            var owner = OwnerOf(program, programs, byMark, neverOurs);
            if (owner >= 0)
            {
                sums[owner].Add(program);
            }
        }

        return sums;
    }

    private int OwnerOf(
        in ProgramStat program,
        List<ProgramStat> programs,
        Dictionary<Guid, int> byMark,
        IReadOnlySet<int> neverOurs
    )
    {
        if (_owners.TryGetValue(program.Pid, out var known))
        {
            // Open: a circle, which there cannot be but between two reads of a table that changes.
            return known == Open ? None : known;
        }

        _owners[program.Pid] = Open;
        var owner = None;
        if (_leaders.TryGetValue(program.Session, out var session))
        {
            owner = session;
        }
        else if (_places.TryGetValue(program.Parent, out var place))
        {
            owner = OwnerOf(programs[place], programs, byMark, neverOurs);
        }

        if (owner == None && (program.Parent <= 1 || neverOurs.Contains(program.Parent)))
        {
            owner = byMark.TryGetValue(MarkOf(program), out var marked) ? marked : None;
        }

        _owners[program.Pid] = owner;
        return owner;
    }

    private Guid MarkOf(in ProgramStat program)
    {
        var key = (program.Pid, program.StartTime);
        if (!_oldMarks.TryGetValue(key, out var mark))
        {
            mark = readMark(program.Pid);
        }

        _marks[key] = mark;
        return mark;
    }
}

/// <summary>A run that is sampled.</summary>
/// <param name="Process">The process's id.</param>
/// <param name="Run">Its number.</param>
/// <param name="RunId">Its mark.</param>
/// <param name="Pid">The leader.</param>
/// <param name="StartTime">The leader's start time, clock ticks.</param>
internal readonly record struct SampledRun(
    uint Process,
    uint Run,
    Guid RunId,
    int Pid,
    ulong StartTime
);

/// <summary>What the programs of one run use together.</summary>
internal sealed class TreeSum
{
    /// <summary>Their pids.</summary>
    public List<int> Pids { get; } = [];

    /// <summary>CPU time, clock ticks.</summary>
    public long Ticks { get; private set; }

    /// <summary>Resident pages.</summary>
    public long Pages { get; private set; }

    /// <summary>Threads.</summary>
    public int Threads { get; private set; }

    /// <summary>One more.</summary>
    public void Add(in ProgramStat program)
    {
        Pids.Add(program.Pid);
        Ticks += program.Ticks;
        Pages += program.Pages;
        Threads += program.Threads;
    }
}
