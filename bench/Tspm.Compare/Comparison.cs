using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;

namespace Tspm.Compare;

/// <summary>All rows: every target in turn, as often as asked, medians and ratios as Markdown.</summary>
internal sealed partial class Comparison
{
    private const int SigStop = 19;
    private const int SigCont = 18;
    private static readonly TimeSpan Deadline = TimeSpan.FromMinutes(3);
    private readonly string _self = Environment.ProcessPath!;
    private readonly string _directory;
    private readonly int _runs;
    private readonly string[] _only;
    private readonly string _out;
    private readonly RawPipe _raw;
    private readonly TailFile _tail;
    private readonly TspmTarget _tspm;
    private readonly Pm2Target? _pm2;
    private readonly StringBuilder _text = new();
    private int _number;

    public Comparison(Arguments arguments)
    {
        _runs = arguments.Number("runs", 5);
        _only = arguments.Text("only").Split(',', StringSplitOptions.RemoveEmptyEntries);
        _out = arguments.Text("out");
        _directory = Directory.CreateTempSubdirectory("cmp").FullName;
        _raw = new RawPipe(_directory);
        _tail = new TailFile(_directory);
        _tspm = new TspmTarget(Path.GetFullPath(arguments.Text("tspm")), _directory);
        _pm2 = arguments.Text("pm2") is { Length: > 0 } pm2
            ? new Pm2Target(Path.GetFullPath(pm2), _directory)
            : null;
    }

    private List<Target> All => _pm2 is null ? [_raw, _tail, _tspm] : [_raw, _tail, _tspm, _pm2];

    public void Run()
    {
        try
        {
            _tspm.Launch();
            _pm2?.Launch();
            Row("flood", () => Lines("Flood", "--lines 2000000 --block 65536", _runs));
            Row("lines", () => Lines("One line per write", "--lines 300000 --block 0", _runs));
            Row("latency", Latency);
            Row("list", List);
            Row("stopped", StoppedFollower);
            Row("allocation", Allocation);
        }
        finally
        {
            _tspm.Close();
            _pm2?.Close();
            Directory.Delete(_directory, recursive: true);
        }
    }

    private void Row(string name, Action measure)
    {
        if (_only.Length > 0 && !_only.Contains(name))
        {
            return;
        }

        var from = _text.Length;
        measure();
        Console.Write(_text.ToString(from, _text.Length - from));
        if (_out.Length > 0)
        {
            Directory.CreateDirectory(_out);
            File.WriteAllText(
                Path.Join(_out, $"{name}.md"),
                _text.ToString(from, _text.Length - from)
            );
        }
    }

    private void Lines(string title, string workload, int runs)
    {
        var results = Alternate(workload, runs);
        var raw = results[_raw];
        var rawChild = Measured.Median(raw, run => run.ChildSeconds);
        var rawDone = Measured.Median(raw, run => run.FollowerSeconds);
        var fileChild = Measured.Median(results[_tail], run => run.ChildSeconds);
        Say(
            $"\n## {title}\n\n`{workload} --size 100`, medians of {runs} alternating runs.\n\n"
                + "| target | child done, s | × raw pipe | × file | follower done, s | speed × raw pipe | lost | repeated | mangled | manager CPU, s |\n"
                + "| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |"
        );
        foreach (var target in All)
        {
            var all = results[target];
            var child = Measured.Median(all, run => run.ChildSeconds);
            var done = Measured.Median(all, run => run.FollowerSeconds);
            Say(
                $"| {target.Name} | {child:0.000} | {child / rawChild:0.00} | {child / fileChild:0.00} | {done:0.000} | {rawDone / done:0.00} | {all.Sum(run => run.Lost)} | {all.Sum(run => run.Repeated)} | {all.Sum(run => run.Mangled)} | {Measured.Median(all, run => run.CpuSeconds):0.00} |"
            );
        }

        Say("\nLost, repeated and mangled are sums over all runs.");
    }

    private void Latency()
    {
        const string Workload = "--lines 1000 --block 0 --interval-us 5000";
        var results = Alternate(Workload, Math.Min(_runs, 5));
        var p50 = Measured.Median(results[_tail], run => run.P50Micros);
        var p99 = Measured.Median(results[_tail], run => run.P99Micros);
        Say(
            $"\n## Latency\n\n`{Workload}`: one line every 5 ms, from just before the child's write to the reader's return from read.\n\n"
                + "| target | p50, us | × tail -F | p99, us | × tail -F | manager CPU, % of a core | lost |\n| --- | --- | --- | --- | --- | --- | --- |"
        );
        foreach (var target in All)
        {
            var all = results[target];
            var mine50 = Measured.Median(all, run => run.P50Micros);
            var mine99 = Measured.Median(all, run => run.P99Micros);
            var cpu =
                100
                * Measured.Median(all, run => run.CpuSeconds)
                / Measured.Median(all, run => run.FollowerSeconds);
            Say(
                $"| {target.Name} | {mine50:0.0} | {mine50 / p50:0.00} | {mine99:0.0} | {mine99 / p99:0.00} | {cpu:0.0} | {all.Sum(run => run.Lost)} |"
            );
        }
    }

    private Dictionary<Target, List<Measured>> Alternate(string workload, int runs)
    {
        var results = All.ToDictionary(target => target, _ => new List<Measured>());
        for (var run = 0; run < runs; run++)
        {
            foreach (var target in All)
            {
                results[target].Add(Measure(target, workload));
            }
        }

        return results;
    }

    private Measured Measure(Target target, string workload)
    {
        var mark = Path.Join(_directory, $"r{++_number}");
        target.Begin(
            $"{_self} write {workload} --gate {mark}.gate --report {mark}.child",
            $"{_self} read {workload} --seen {mark}.seen --report {mark}.reader"
        );
        Expect($"{mark}.seen", $"{target.Name}: the follower saw no line");
        var cpu = ProcFigures.CpuSeconds(target.ManagerPids);
        File.WriteAllText($"{mark}.gate", "");
        Expect($"{mark}.reader", $"{target.Name}: the reader is not done");
        Expect($"{mark}.child", $"{target.Name}: the child is not done");
        cpu = ProcFigures.CpuSeconds(target.ManagerPids) - cpu;
        target.End();
        var child = Files.ReadReport($"{mark}.child");
        var reader = Files.ReadReport($"{mark}.reader");
        return new Measured(
            Stopwatch.GetElapsedTime(child["begin"], child["end"]).TotalSeconds,
            Stopwatch.GetElapsedTime(child["begin"], reader["done"]).TotalSeconds,
            cpu,
            reader["lost"],
            reader["repeated"],
            reader["mangled"],
            reader["p50"] / 1000.0,
            reader["p99"] / 1000.0
        );
    }

    private void List()
    {
        const int Processes = 10;
        for (var i = 0; i < Processes; i++)
        {
            _tspm.Run(_tspm.Binary, "start", "--name", $"p{i}", "--", "sleep", "1000");
            _pm2?.Run(
                _pm2.Binary,
                ["start", "/bin/sleep", "--name", $"p{i}", "--interpreter", "none", "--", "1000"]
            );
        }

        var times = new List<(double Hello, double List, double Peer)>();
        for (var i = 0; i < 20; i++)
        {
            times.Add(
                (
                    Time(() => _tspm.Run(_self, "hello")),
                    Time(() => _tspm.Run(_tspm.Binary, "list")),
                    _pm2 is null || i >= 5 ? 0 : Time(() => _pm2.Run(_pm2.Binary, "list"))
                )
            );
        }

        _tspm.End();
        _pm2?.End();
        var hello = Middle(times.Select(time => time.Hello));
        var list = Middle(times.Select(time => time.List));
        var peer = Middle(times.Select(time => time.Peer).Where(time => time > 0));
        Say(
            $"\n## list, cold\n\n{Processes} processes, 20 commands each (PM2: 5), from spawn to exit. Hello is a NativeAOT program that returns at once.\n\n"
                + "| command | median, ms | × hello | × pm2 list |\n| --- | --- | --- | --- |\n"
                + $"| hello | {hello:0.0} | 1.00 | |\n| tspm list | {list:0.0} | {list / hello:0.00} | {list / peer:0.000} |\n| pm2 list | {peer:0.0} | {peer / hello:0.00} | 1.00 |"
        );
    }

    private void StoppedFollower()
    {
        var alone = Measured.Median(Repeat(() => FloodBeside(false)), run => run.ChildSeconds);
        var before = 0L;
        var after = 0L;
        var beside = Measured.Median(
            Repeat(() => FloodBeside(true, (from, to) => (before, after) = (from, to))),
            run => run.ChildSeconds
        );
        Say(
            $"\n## A stopped follower\n\nA flood of 2 M lines with one follower that reads, without and with a second one that is stopped by SIGSTOP. Rings are full before memory is read.\n\n"
                + $"- child done: {alone:0.000} s without, {beside:0.000} s with it ({beside / alone:0.00} ×)\n"
                + $"- anonymous memory of daemon and keeper: {before} KiB before the flood, {after} KiB after it with the follower still stopped ({after - before:+0;-0} KiB)"
        );
    }

    private List<Measured> Repeat(Func<Measured> measure) =>
        [.. Enumerable.Range(0, Math.Min(_runs, 5)).Select(_ => measure())];

    private Measured FloodBeside(bool withStopped, Action<long, long>? memory = null)
    {
        const string Workload = "--lines 2000000 --block 65536";
        // The same daemon for all, its ring filled by the run before.
        var mark = Path.Join(_directory, $"r{++_number}");
        _tspm.Begin(
            $"{_self} write {Workload} --gate {mark}.gate --report {mark}.child",
            $"{_self} read {Workload} --seen {mark}.seen --report {mark}.reader"
        );
        Expect($"{mark}.seen", "the follower saw no line");
        var stopped = withStopped
            ? _tspm.Spawn($"exec {_tspm.Binary} logs bench -f -n 0 --raw > /dev/null 2>&1")
            : null;
        if (stopped is not null)
        {
            while (_tspm.Status.GetProperty("subscriptions").GetInt32() < 2)
            {
                Thread.Sleep(5);
            }

            Check(Kill(stopped.Id, SigStop));
        }

        var before = ProcFigures.AnonymousKiB(_tspm.ManagerPids);
        File.WriteAllText($"{mark}.gate", "");
        Expect($"{mark}.reader", "the reader is not done");
        Expect($"{mark}.child", "the child is not done");
        memory?.Invoke(before, ProcFigures.AnonymousKiB(_tspm.ManagerPids));
        if (stopped is not null)
        {
            Check(Kill(stopped.Id, SigCont));
        }

        _tspm.End();
        var child = Files.ReadReport($"{mark}.child");
        return new Measured(
            Stopwatch.GetElapsedTime(child["begin"], child["end"]).TotalSeconds,
            0,
            0,
            0,
            0,
            0,
            0,
            0
        );
    }

    private void Allocation()
    {
        Say(
            "\n## Allocation\n\n`GC.GetTotalAllocatedBytes` of the live daemon and keeper over 1 M lines with one follower; the second of two runs, the two status requests included.\n\n| workload | daemon, KiB | keeper, KiB |\n| --- | --- | --- |"
        );
        foreach (
            var (title, workload) in new[]
            {
                ("flood, 1 M lines", "--lines 1000000 --block 65536"),
                ("one line per write, 1 M lines", "--lines 1000000 --block 0"),
            }
        )
        {
            var (daemon, keeper) = AllocatedBy(workload);
            (daemon, keeper) = AllocatedBy(workload);
            Say($"| {title} | {daemon / 1024.0:0} | {keeper / 1024.0:0} |");
        }
    }

    private (long Daemon, long Keeper) AllocatedBy(string workload)
    {
        var mark = Path.Join(_directory, $"r{++_number}");
        _tspm.Begin(
            $"{_self} write {workload} --gate {mark}.gate --report {mark}.child",
            $"{_self} read {workload} --seen {mark}.seen --report {mark}.reader"
        );
        Expect($"{mark}.seen", "the follower saw no line");
        var before = _tspm.Status;
        File.WriteAllText($"{mark}.gate", "");
        Expect($"{mark}.reader", "the reader is not done");
        var after = _tspm.Status;
        _tspm.End();
        return (Growth("allocatedBytes"), Growth("keeperAllocatedBytes"));

        long Growth(string field) =>
            after.GetProperty(field).GetInt64() - before.GetProperty(field).GetInt64();
    }

    private static double Time(Action action)
    {
        var watch = Stopwatch.StartNew();
        action();
        return watch.Elapsed.TotalMilliseconds;
    }

    private static double Middle(IEnumerable<double> values)
    {
        var sorted = values.Order().ToList();
        return sorted.Count == 0 ? double.NaN : sorted[sorted.Count / 2];
    }

    private static void Expect(string file, string complaint)
    {
        if (!Files.WaitFor(file, Deadline))
        {
            throw new TimeoutException(complaint);
        }
    }

    private static void Check(int result)
    {
        if (result != 0)
        {
            throw new InvalidOperationException(
                $"kill: errno {Marshal.GetLastPInvokeError().ToString(CultureInfo.InvariantCulture)}"
            );
        }
    }

    private void Say(string line) => _text.Append(line).Append('\n');

    [LibraryImport("libc", EntryPoint = "kill", SetLastError = true)]
    private static partial int Kill(int pid, int signal);
}
