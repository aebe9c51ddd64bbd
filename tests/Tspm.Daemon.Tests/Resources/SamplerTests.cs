using System.Text;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using Tspm.Daemon.Resources;

namespace Tspm.Daemon.Tests.Resources;

/// <summary>What is read of /proc, to whom it is added, when, and what is kept of it.</summary>
public sealed class SamplerTests
{
    private static readonly CancellationToken Ct = TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("42 (sh)")]
    [InlineData("42 (a) R 1 (b) c)")]
    public void A_stat_line_is_read_past_any_name(string head)
    {
        var line = $"{head} S 7 8 9 0 -1 4194304 1 2 3 4 50 60 5 6 20 0 3 0 12345 999 77 0";

        var isRead = ProgramStat.TryParse(42, Encoding.ASCII.GetBytes(line), out var stat);

        Assert.True(isRead);
        Assert.Equal(new ProgramStat(42, 7, 9, (byte)'S', 121, 3, 12345, 77), stat);
        Assert.False(ProgramStat.TryParse(42, "42 (sh) S 7 8"u8, out _));
        Assert.False(ProgramStat.TryParse(42, "42 sh"u8, out _));
    }

    [Fact]
    public void Programs_belong_to_a_run_by_session_by_descent_or_as_marked_orphans_and_never_keeper_or_daemon()
    {
        var (web, db) = (Guid.NewGuid(), Guid.NewGuid());
        var marks = new Dictionary<int, Guid> { [30] = web, [32] = Guid.NewGuid() };
        var asked = new List<int>();
        var sums = new TreeSums(pid =>
        {
            asked.Add(pid);
            return marks.GetValueOrDefault(pid);
        });
        List<ProgramStat> programs =
        [
            Program(10, parent: 1, session: 10), // keeper
            Program(11, parent: 10, session: 10), // daemon
            Program(20, parent: 10, session: 20), // leader of web
            Program(22, parent: 21, session: 22), // grandchild that left the session
            Program(21, parent: 20, session: 20), // child
            Program(23, parent: 10, session: 20), // orphan in the session
            Program(30, parent: 10, session: 30), // orphan with the mark
            Program(31, parent: 30, session: 30), // its child
            Program(32, parent: 1, session: 32), // another's
            Program(40, parent: 10, session: 40), // leader of db
            Program(50, parent: 1, session: 50), // stranger
        ];
        SampledRun[] runs =
        [
            new(1, 1, web, 20, 1),
            new(2, 1, db, 40, 1),
            new(3, 1, Guid.NewGuid(), 50, 999), // its pid is another's now
        ];

        var found = sums.Add(programs, runs, new HashSet<int> { 10, 11 });
        sums.Add(programs, runs, new HashSet<int> { 10, 11 });

        Assert.Equal([20, 21, 22, 23, 30, 31], found[0].Pids.Order());
        Assert.Equal([40], found[1].Pids);
        Assert.Empty(found[2].Pids);
        Assert.Equal(6, found[0].Threads);
        Assert.Equal([30, 32, 50], asked.Order()); // once each, in two rounds
    }

    [Fact]
    public void A_history_has_means_in_equal_parts_and_breaks_where_nothing_was_sampled()
    {
        var ring = new SampleRing();
        ring.Add(new Sample(1_000, 10, float.NaN, 100));
        ring.Add(new Sample(1_500, 20, 4, 300));
        ring.Add(new Sample(4_000, 30, 6, 500));

        var history = ring.Read(0, 4_000, 4);

        Assert.Equal([10, 20, null, 30], history.Cpu);
        Assert.Equal([null, 4, null, 6], history.Lines);
        Assert.Equal([100, 300, null, 500], history.Bytes);
    }

    [Fact]
    public void A_ring_keeps_the_newest_300_whatever_comes()
    {
        var ring = new SampleRing();
        for (var i = 1; i <= 1_000; i++)
        {
            ring.Add(new Sample(i, i, i, i));
        }

        var history = ring.Read(0, 1_000, 1_000);

        Assert.Equal(300, history.Bytes.Count(one => one is not null));
        Assert.Equal(Enumerable.Range(701, 300).Select(i => (long?)i), history.Bytes.Skip(700));
    }

    [Fact]
    public async Task A_real_tree_is_summed_with_its_memory_threads_and_files()
    {
        using var tree = new ShellTree("echo $$; sleep 600 & echo $!; read x", 2);
        var targets = new Targets(
            new SampledRun(1, 1, Guid.NewGuid(), tree.Leader, tree.StartTime)
        );
        await using var sampler = SamplerOf(targets, TimeProvider.System);

        await sampler.LookAsync([1], Ct);

        var use = sampler.Find(1, 1);
        Assert.NotNull(use);
        Assert.Equal(tree.Pids, use.Pids.Order());
        Assert.Equal(2, use.Threads);
        Assert.True(use.Bytes > 100_000, $"{use.Bytes}");
        Assert.InRange(use.Pss, 1, use.Bytes);
        Assert.True(use.Files >= 6, $"{use.Files}");
        Assert.Null(sampler.Find(1, 2));
    }

    [Fact]
    public async Task Nobody_looks_and_nothing_is_sampled()
    {
        var time = new FakeTimeProvider();
        await using var sampler = SamplerOf(new Targets(Own(1)), time, isStarted: false);

        Assert.Null(sampler.Turn());
        var look = sampler.LookAsync([], Ct);
        var pauses = 0;
        while (sampler.Turn() is { } pause)
        {
            Assert.Equal(Sampler.Interval, pause);
            time.Advance(pause);
            pauses++;
        }

        await look;
        Assert.Equal((10, 10), (pauses, sampler.Rounds));
        Assert.Null(sampler.Turn());
    }

    [Fact]
    public async Task A_limit_is_watched_though_nobody_looks_and_told_with_what_was_seen()
    {
        var time = new FakeTimeProvider();
        var targets = new Targets(Own(1)) { MaxBytes = 1024 * 1024 };
        var unlimited = new Targets(Own(1)) { MaxBytes = 1L << 50 };
        await using var sampler = SamplerOf(targets, time, isStarted: false);
        await using var other = SamplerOf(unlimited, time, isStarted: false);

        Assert.Equal(Sampler.QuietInterval, sampler.Turn());
        Assert.Equal(Sampler.QuietInterval, other.Turn());

        var told = await targets.Told.Task.WaitAsync(Ct);
        Assert.Matches("^memory [0-9.]+M of 1 program is over the limit 1M$", told);
        Assert.False(unlimited.Told.Task.IsCompleted);
    }

    [Fact]
    public void A_look_at_all_programs_allocates_nothing_and_sees_what_the_directory_has()
    {
        var files = new ProcFiles();
        var programs = new List<ProgramStat>(65_536);
        files.ReadAll(programs);
        var own = Environment.ProcessId;
        var before = GC.GetAllocatedBytesForCurrentThread();

        files.ReadAll(programs);
        var open = files.CountOpen(own);

        Assert.Equal(before, GC.GetAllocatedBytesForCurrentThread());
        Assert.Contains(programs, one => one.Pid == own);
        Assert.InRange(open, 3, Directory.GetFiles($"/proc/{own}/fd").Length + 100);
        Assert.Equal(-1, files.CountOpen(int.MaxValue));
    }

    [Fact(Explicit = true)]
    public void Sampling_a_thousand_runs_once_a_second_costs_at_most_two_percent_of_a_core()
    {
        const int rounds = 30;
        const string many =
            "i=0; while [ $i -lt 1000 ]; do sleep 600 & echo $!; i=$((i+1)); done; read x";
        using var tree = new ShellTree(many, 1_000);
        var files = new ProcFiles();
        var targets = new List<SampleTarget>();
        foreach (var pid in tree.Pids)
        {
            Assert.True(files.TryReadStat(pid, out var stat));
            var run = new SampledRun((uint)pid, 1, Guid.NewGuid(), pid, stat.StartTime);
            targets.Add(new SampleTarget(run, TimeSpan.FromSeconds(1), 0, 0, false));
        }

        var round = new SampleRound(TimeProvider.System, () => new HashSet<int>());
        var nobody = new HashSet<uint>();
        var snapshot = round.Take(targets, SampleSnapshot.None, nobody);
        snapshot = round.Take(targets, snapshot, nobody);
        var before = Environment.CpuUsage.TotalTime;
        for (var i = 0; i < rounds; i++)
        {
            snapshot = round.Take(targets, snapshot, nobody);
        }

        var each = (Environment.CpuUsage.TotalTime - before).TotalMilliseconds / rounds;
        TestContext.Current.TestOutputHelper?.WriteLine(
            $"{snapshot.Uses.Count} runs: {each:0.00} ms of CPU a round, {each / 10:0.00} % of a core at one a second"
        );
        Assert.Equal(1_000, snapshot.Uses.Count);
        Assert.True(each <= 20, $"{each} ms");
    }

    private static ProgramStat Program(int pid, int parent, int session) =>
        new(pid, parent, session, (byte)'S', 1, 1, 1, 1);

    private static SampledRun Own(uint process)
    {
        var files = new ProcFiles();
        Assert.True(files.TryReadStat(Environment.ProcessId, out var own));
        return new SampledRun(process, 1, Guid.NewGuid(), own.Pid, own.StartTime);
    }

    private static Sampler SamplerOf(Targets targets, TimeProvider time, bool isStarted = true)
    {
        var none = new HashSet<int>();
        var round = new SampleRound(time, () => none);
        var sampler = new Sampler(round, targets, time, NullLogger.Instance);
        if (isStarted)
        {
            sampler.Start();
        }

        return sampler;
    }

    private sealed class Targets(SampledRun run) : ISampleTargets
    {
        public long MaxBytes { get; init; }

        public TaskCompletionSource<string> Told { get; } =
            new(TaskCreationOptions.RunContinuationsAsynchronously);

        public IReadOnlyList<SampleTarget> List() =>
            [new SampleTarget(run, TimeSpan.FromSeconds(10), 0, MaxBytes, false)];

        public void LimitPassed(in SampledRun passed, string text) => Told.TrySetResult(text);
    }
}
