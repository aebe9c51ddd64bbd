using Microsoft.Win32.SafeHandles;
using Tspm.CaptureLog;
using Tspm.Keeper.Capture;
using Tspm.Keeper.Interop;
using Tspm.Keeper.Journal;

namespace Tspm.Keeper.Tests;

/// <summary>A capture thread with real pipes, files and journal, and a record of every byte that was written into the pipes.</summary>
internal sealed class Rig : IDisposable
{
    public const uint Process = 1;
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(20);
    private readonly string _root = Directory.CreateTempSubdirectory("tk").FullName;
    private readonly CountdownEvent _open = new(1);
    private readonly Dictionary<StreamName, MemoryStream> _written = [];
    private readonly Dictionary<StreamKind, (CapturedStream Stream, FileStream Pipe)> _pipes = [];
    private readonly CaptureThread _capture;
    private uint _run;

    public Rig(
        LogFileRules rules,
        string? root = null,
        long lookEvery = 1,
        long retryAfter = 1,
        long? reserve = 0,
        long quietRetryAfter = long.MaxValue
    )
    {
        Home = HomePaths.At(Path.Join(root ?? _root, "home"));
        Assert.Null(HomeGuard.Prepare(Home));
        Spill = SpillPlace.Of(Home);
        Journal = new JournalWriter(Home);
        Room = new HomeRoom(Home, Spill)
        {
            Reserve = reserve,
            LookEvery = lookEvery,
            RetryAfter = retryAfter,
            QuietRetryAfter = quietRetryAfter,
            Consumed = () => ConsumedOrd,
        };
        Log = new KeeperLog(Path.Join(_root, "keeper.log"));
        Sync = new SyncThread(Journal, Log, TimeSpan.FromHours(1));
        Directory.CreateDirectory(
            Home.Process(Process),
            UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute
        );
        Files = new ProcessFiles(Process, Home.Process(Process), Room) { Rules = rules };
        _capture = new CaptureThread(Journal, Sync, new PipeAllowance(), Log);
        _capture.Start();
    }

    public HomePaths Home { get; }

    public SpillPlace Spill { get; }

    public JournalWriter Journal { get; }

    public SyncThread Sync { get; }

    public HomeRoom Room { get; }

    public ProcessFiles Files { get; private set; }

    public KeeperLog Log { get; }

    public ulong ConsumedOrd { get; set; }

    /// <summary>True if a daemon tells at each run where the numbered bytes end.</summary>
    public bool IsTold { get; set; }

    public string LogText
    {
        get
        {
            var path = Path.Join(_root, "keeper.log");
            return File.Exists(path) ? File.ReadAllText(path) : "";
        }
    }

    /// <summary>The data files of the home and of the spill, the oldest first.</summary>
    public List<string> HomeFiles => DataFiles(Home.Process(Process));

    public List<string> SpillFiles => DataFiles(Spill.Process(Process));

    /// <summary>A new run: a pipe per kind, at the end of the process's streams.</summary>
    public void Open(params StreamKind[] kinds)
    {
        _run++;
        foreach (var kind in kinds)
        {
            var name = new StreamName(kind, 0);
            _written.TryAdd(name, new MemoryStream());
            var told = IsTold ? (ulong)_written[name].Length : 0;
            var path = Path.Join(_root, $"run{_run}.{kind}");
            Assert.Equal(0, LibC.mkfifo(path, 0x180));
            var reader = LibC.open(path, LibC.ReadOnly | LibC.NonBlock | LibC.CloseOnExec, 0);
            var writer = LibC.open(path, LibC.WriteOnly | LibC.CloseOnExec, 0);
            Assert.True(reader >= 0 && writer >= 0);
            _open.AddCount();
            var stream = new CapturedStream
            {
                Descriptor = reader,
                Kind = kind,
                Process = Process,
                Run = _run,
                PipePath = path,
                Target = DataFileWriter.Open(name, Files, told),
                Ended = ended =>
                {
                    ended.Target.Leave(Sync);
                    _open.Signal();
                },
            };
            Sync.Add(stream.Target);
            Assert.Equal((ulong)_written[name].Length, stream.Target.End);
            _pipes[kind] = (
                stream,
                new FileStream(new SafeFileHandle(writer, ownsHandle: true), FileAccess.Write, 0)
            );
            _capture.Add(stream);
        }
    }

    public CapturedStream StreamOf(StreamKind kind) => _pipes[kind].Stream;

    /// <summary>The process has had no run for a while: what is known of its files is found anew.</summary>
    public void Forget() =>
        Files = new ProcessFiles(Process, Home.Process(Process), Room) { Rules = Files.Rules };

    /// <summary>Has something done between two turns of the capture thread.</summary>
    public void Between(Action action) => _capture.Order(action);

    /// <summary>Writes into a pipe; waits while it is full.</summary>
    public void Write(StreamKind kind, ReadOnlySpan<byte> bytes)
    {
        _written[new StreamName(kind, 0)].Write(bytes);
        _pipes[kind].Pipe.Write(bytes);
    }

    /// <summary>Writes and waits until the journal tells that all is taken.</summary>
    public void WriteAndSettle(StreamKind kind, ReadOnlySpan<byte> bytes)
    {
        Write(kind, bytes);
        var wanted = (ulong)_written[new StreamName(kind, 0)].Length;
        Wait(() => _pipes[kind].Stream.Target.End >= wanted);
    }

    /// <summary>The programs close their outputs; everything is taken and all files are closed.</summary>
    public void Finish()
    {
        foreach (var (_, pipe) in _pipes.Values)
        {
            pipe.Dispose();
        }

        _pipes.Clear();
        _open.Signal();
        Wait(() => _open.IsSet);
        _open.Reset(1);
        Sync.Sync();
    }

    public byte[] WrittenTo(StreamKind kind) => _written[new StreamName(kind, 0)].ToArray();

    public List<JournalRecord> ReadJournal()
    {
        using var reader = new JournalReader(JournalFiles.Of(Home), 0);
        var all = new List<JournalRecord>();
        var some = new JournalRecord[64];
        while (reader.Read(some) is var count and > 0)
        {
            all.AddRange(some.Take(count));
        }

        Assert.Equal(0ul, reader.Lost);
        return all;
    }

    public IEnumerable<KeyValuePair<StreamName, MemoryStream>> Written => _written;

    /// <summary>What the journal tells and which files there are, for a test that fails.</summary>
    public string Describe() =>
        string.Join(
            '\n',
            ReadJournal()
                .Where(record => record.Kind != JournalRecordKind.Synced)
                .Select(r => $"{r.Ord} {r.Kind} {r.Stream} run {r.Run}: {r.A} {r.B} {r.C}")
                .Concat(
                    HomeFiles
                        .Concat(SpillFiles)
                        .Select(path => $"{path} {new FileInfo(path).Length}")
                )
                .Append(LogText)
        );

    /// <summary>Waits for a fact.</summary>
    public void Wait(Func<bool> fact)
    {
        var until = TimeProvider.System.GetTimestamp();
        while (!fact())
        {
            if (TimeProvider.System.GetElapsedTime(until) > Deadline)
            {
                Assert.Fail($"not within {Deadline}:\n{LogText}");
            }

            Thread.Yield();
        }
    }

    public void Dispose()
    {
        Disk.Fault = null;
        foreach (var (_, pipe) in _pipes.Values)
        {
            pipe.Dispose();
        }

        _capture.Stop();
        _capture.Dispose();
        Sync.Sync();
        Sync.Dispose();
        Journal.Dispose();
        _open.Dispose();
        Directory.Delete(_root, recursive: true);
        if (Directory.Exists(Spill.Root))
        {
            Directory.Delete(Spill.Root, recursive: true);
        }
    }

    private static List<string> DataFiles(string directory) =>
        Directory.Exists(directory)
            ?
            [
                .. Directory
                    .EnumerateFiles(directory)
                    .Where(path =>
                        StreamName.TryParseDataFile(Path.GetFileName(path.AsSpan()), out _, out _)
                    )
                    .Order(StringComparer.Ordinal),
            ]
            : [];
}
