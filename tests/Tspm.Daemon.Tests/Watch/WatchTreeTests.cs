using System.Threading.Channels;
using Tspm.Daemon.Watch;
using Tspm.Protocol.Messages;

namespace Tspm.Daemon.Tests.Watch;

/// <summary>The kernel's own inotify on real directories: what changed is told, whatever was made, moved or deleted.</summary>
public sealed class WatchTreeTests : IDisposable
{
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(20);
    private readonly DirectoryInfo _work = Directory.CreateTempSubdirectory("tspm-watch-");
    private readonly WatchThread _thread = new();
    private readonly Listener _heard = new();

    public void Dispose()
    {
        _thread.Dispose();
        _work.Delete(recursive: true);
    }

    [Fact]
    public async Task A_file_deep_in_a_directory_that_was_made_later_is_seen()
    {
        await OpenAsync(Spec(""));

        Directory.CreateDirectory(At("one/two/three"));
        await HitAsync("one");
        Write(At("one/two/three/file"), "x");

        await HitAsync("one/two/three/file");
    }

    [Fact]
    public async Task A_directory_that_is_moved_away_and_back_is_seen_under_its_new_name()
    {
        Directory.CreateDirectory(At("old/inner"));
        await OpenAsync(Spec(""));

        Directory.Move(At("old"), At("new"));
        await HitAsync("new");
        Write(At("new/inner/file"), "x");

        await HitAsync("new/inner/file");
    }

    [Fact]
    public async Task What_is_ignored_is_not_even_watched()
    {
        Directory.CreateDirectory(At("node_modules/a/b"));
        Directory.CreateDirectory(At("out/a"));
        Directory.CreateDirectory(At("src"));
        Write(At(".gitignore"), "/out\n");
        await OpenAsync(Spec("", "*.tmp"));
        Assert.Equal(2, _heard.Directories);

        Write(At("src/a.tmp"), "x");
        Write(At("out/a/x"), "x");
        Write(At("node_modules/a/b/x"), "x");
        Write(At("src/a.cs"), "x");

        Assert.Equal(At("src/a.cs"), await NextAsync());
    }

    [Fact]
    public async Task A_changed_gitignore_holds_from_then_on()
    {
        Directory.CreateDirectory(At("src"));
        await OpenAsync(Spec(""));

        Write(At(".gitignore"), "*.log\n");
        Write(At("src/marker"), "x");
        await HitAsync("src/marker");
        await SettleAsync();
        await _heard.ReadUntilQuietAsync(_thread);
        Write(At("src/a.log"), "x");
        Write(At("src/b"), "x");

        Assert.Equal(At("src/b"), await NextAsync());
    }

    [Fact]
    public async Task A_watched_directory_that_is_deleted_and_made_again_is_watched_again()
    {
        Directory.CreateDirectory(At("src/inner"));
        await OpenAsync(Spec("src"));

        Directory.Delete(At("src"), recursive: true);
        await _heard.MissingAsync();
        Directory.CreateDirectory(At("src"));
        _thread.Post(_heard.Tree!.LookAgain);
        await HitAsync("src");
        await SettleAsync();
        Write(At("src/file"), "x");

        await HitAsync("src/file");
    }

    [Fact]
    public async Task Links_in_a_circle_end_and_a_file_that_is_named_is_watched_by_its_name()
    {
        Directory.CreateDirectory(At("src"));
        Directory.CreateSymbolicLink(At("src/round"), At("src"));
        Write(At("server.js"), "1");
        await OpenAsync(Spec("src,server.js"));
        Assert.Equal(2, _heard.Directories);

        Write(At("other.js"), "x");
        Write(At("server.js.new"), "2");
        File.Move(At("server.js.new"), At("server.js"), overwrite: true);

        Assert.Equal(At("server.js"), await NextAsync());
    }

    [Fact]
    public async Task Too_many_directories_end_the_watch_with_what_to_do()
    {
        for (var i = 0; i < 12; i++)
        {
            Directory.CreateDirectory(At($"d{i}/inner"));
        }

        _heard.Tree = new WatchTree(Spec(""), "/nowhere", _heard) { Limit = 10 };
        _thread.Post(_heard.Tree.Open);

        Assert.Contains("--watch-ignore", await _heard.FailedAsync(), StringComparison.Ordinal);
        Assert.Equal(0, await CountAsync());
    }

    [Fact]
    public async Task What_is_watched_twice_is_told_to_both_and_ends_with_the_last()
    {
        await OpenAsync(Spec(""));
        var second = new Listener();
        second.Tree = new WatchTree(Spec(""), "/nowhere", second);
        _thread.Post(second.Tree.Open);
        await SettleAsync();
        Assert.Equal(1, await CountAsync());

        _thread.Post(_heard.Tree!.Close);
        await SettleAsync();
        Write(At("file"), "x");

        Assert.Equal(At("file"), await second.NextAsync());
        _thread.Post(second.Tree.Close);
        Assert.Equal(0, await CountAsync());
    }

    [Fact]
    public async Task Changes_that_the_kernel_lost_count_as_one_and_all_is_watched_on()
    {
        Directory.CreateDirectory(At("src"));
        await OpenAsync(Spec(""));

        _thread.Post(_heard.Tree!.Overflow);
        Assert.Equal(_work.FullName, await NextAsync());
        Directory.CreateDirectory(At("src/later"));
        await HitAsync("src/later");
        await SettleAsync();
        Write(At("src/later/file"), "x");

        await HitAsync("src/later/file");
    }

    [Fact]
    public async Task Random_changes_are_all_seen_in_the_end()
    {
        await OpenAsync(Spec(""));
        var random = new Random(7);
        for (var i = 0; i < 200; i++)
        {
            var directory = At($"d{random.Next(5)}");
            var inner = Path.Join(directory, $"i{random.Next(3)}");
            switch (random.Next(4))
            {
                case 0:
                    Directory.CreateDirectory(inner);
                    break;
                case 1 when Directory.Exists(directory):
                    Directory.Delete(directory, recursive: true);
                    break;
                case 2 when Directory.Exists(inner) && !Directory.Exists(inner + "m"):
                    Directory.Move(inner, inner + "m");
                    break;
                default:
                    Directory.CreateDirectory(directory);
                    Write(Path.Join(directory, "f"), "x");
                    break;
            }
        }

        // The naive model: what is there now is watched, each directory once.
        var real =
            1
            + Directory
                .EnumerateDirectories(_work.FullName, "*", SearchOption.AllDirectories)
                .Count();
        await SettleAsync();
        await _heard.ReadUntilQuietAsync(_thread);
        Assert.Equal(real, await CountAsync());
        foreach (
            var directory in Directory.EnumerateDirectories(
                _work.FullName,
                "*",
                SearchOption.AllDirectories
            )
        )
        {
            Write(Path.Join(directory, "last"), "x");
            await HitAsync(Path.GetRelativePath(_work.FullName, Path.Join(directory, "last")));
        }
    }

    private WatchSpec Spec(string paths, params string[] ignore) =>
        new()
        {
            Paths =
            [
                .. paths.Split(',').Select(path => path.Length == 0 ? _work.FullName : At(path)),
            ],
            Ignore = ignore,
        };

    private static void Write(string path, string text = "x") => File.WriteAllText(path, text);

    private string At(string path) => Path.Join(_work.FullName, path);

    private async Task OpenAsync(WatchSpec spec)
    {
        _heard.Tree = new WatchTree(spec, "/nowhere", _heard);
        _thread.Post(_heard.Tree.Open);
        await SettleAsync();
    }

    private Task<string> NextAsync() => _heard.NextAsync();

    /// <summary>Reads until a path is told.</summary>
    private async Task HitAsync(string path)
    {
        while (await NextAsync() != At(path))
        {
            // Another one of the same change.
        }
    }

    /// <summary>The thread has done all that was posted before.</summary>
    private Task SettleAsync() => CountAsync();

    private async Task<int> CountAsync()
    {
        var done = new TaskCompletionSource<int>(
            TaskCreationOptions.RunContinuationsAsynchronously
        );
        _thread.Post(thread => done.SetResult(thread.Count));
        return await done.Task.WaitAsync(Deadline);
    }

    private sealed class Listener : WatchListener
    {
        private readonly Channel<string> _hits = Channel.CreateBounded<string>(100_000);
        private readonly TaskCompletionSource<string> _failed = new(
            TaskCreationOptions.RunContinuationsAsynchronously
        );
        private readonly TaskCompletionSource _missing = new(
            TaskCreationOptions.RunContinuationsAsynchronously
        );

        public WatchTree? Tree { get; set; }

        public int Directories { get; private set; }

        public override void Began(int directories) => Directories = directories;

        public override void Hit(string path) => _hits.Writer.TryWrite(path);

        public override void Told(string text)
        {
            // Not asked for here.
        }

        public override void Failed(string reason) => _failed.TrySetResult(reason);

        public override void Missing() => _missing.TrySetResult();

        public Task<string> FailedAsync() => _failed.Task.WaitAsync(Deadline);

        public Task MissingAsync() => _missing.Task.WaitAsync(Deadline);

        public async Task<string> NextAsync()
        {
            using var deadline = new CancellationTokenSource(Deadline);
            return await _hits.Reader.ReadAsync(deadline.Token);
        }

        /// <summary>Everything the kernel had to tell was read: two rounds of the thread brought nothing.</summary>
        public async Task ReadUntilQuietAsync(WatchThread thread)
        {
            for (var quiet = 0; quiet < 2; )
            {
                var round = new TaskCompletionSource(
                    TaskCreationOptions.RunContinuationsAsynchronously
                );
                thread.Post(_ => round.SetResult());
                await round.Task.WaitAsync(Deadline);
                var isQuiet = !_hits.Reader.TryRead(out _);
                while (_hits.Reader.TryRead(out _))
                {
                    // Let go.
                }

                quiet = isQuiet ? quiet + 1 : 0;
            }
        }
    }
}
