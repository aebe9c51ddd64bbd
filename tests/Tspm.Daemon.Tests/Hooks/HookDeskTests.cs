using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Threading.Channels;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using Tspm.Daemon.Hooks;
using Tspm.Daemon.Supervision;
using Tspm.Protocol.Messages;
using Tspm.Protocol.Specs;

namespace Tspm.Daemon.Tests.Hooks;

/// <summary>Events reach a loopback server and a real command, are tried again, and never hold anybody up.</summary>
public sealed class HookDeskTests
{
    private static readonly CancellationToken Ct = TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_web_hook_is_posted_the_event_as_json_and_only_those_it_asked_for()
    {
        await using var server = new Server("HTTP/1.1 204 No Content\r\n\r\n");
        await using var desk = new HookDesk(TimeProvider.System, NullLogger.Instance);
        var process = ProcessWith($"ready,limit={server.Url}");

        desk.Offer(process, Event(LogEvents.RunStart), NotTold);
        desk.Offer(process, Event(LogEvents.Limit, "600M"), NotTold);

        var request = await server.ReadAsync();
        Assert.StartsWith("POST /hook HTTP/1.1\r\nHost: 127.0.0.1:", request);
        Assert.Contains("Content-Type: application/json\r\n", request);
        Assert.Contains("\"name\":\"web\",\"event\":{\"what\":\"limit\"", request);
        Assert.Contains("\"message\":\"600M\"", request);
    }

    [Fact]
    public async Task A_failing_hook_is_tried_again_with_growing_pauses_and_then_told_once()
    {
        var time = new WatchedTime();
        await using var server = new Server("HTTP/1.1 500 Oops\r\n\r\n");
        await using var desk = new HookDesk(time, NullLogger.Instance);
        var told = new TaskCompletionSource<LogEvent>(
            TaskCreationOptions.RunContinuationsAsynchronously
        );

        desk.Offer(
            ProcessWith($"all={server.Url}"),
            Event(LogEvents.Ready),
            body =>
            {
                told.TrySetResult(body);
                return Task.CompletedTask;
            }
        );
        foreach (var pause in (int[])[500, 1_000, 2_000])
        {
            Assert.Contains("\"what\":\"ready\"", await server.ReadAsync());
            await time.TimerAsync(TimeSpan.FromMilliseconds(pause));
            time.Advance(TimeSpan.FromMilliseconds(pause));
        }

        Assert.Contains("\"what\":\"ready\"", await server.ReadAsync());
        var body = await told.Task.WaitAsync(Ct);
        Assert.Equal(LogEvents.HookFailed, body.What);
        Assert.Equal($"{server.Url} for ready: it answered 500; tried 4 times", body.Message);
    }

    [Fact]
    public async Task A_command_has_the_event_in_its_environment()
    {
        var folder = Directory.CreateTempSubdirectory("tspm-hook");
        try
        {
            var file = Path.Join(folder.FullName, "told");
            await using var server = new Server("");
            await using var desk = new HookDesk(TimeProvider.System, NullLogger.Instance);
            var line =
                $"echo \"$TSPM_EVENT_WHAT $TSPM_NAMESPACE/$TSPM_NAME $OWN $TSPM_EVENT\" > {file}";
            var process = ProcessWith($"failed=exec:{line}");
            var done = new TaskCompletionSource<LogEvent>(
                TaskCreationOptions.RunContinuationsAsynchronously
            );

            // A run after which it is given up is a failure too.
            desk.Offer(process, Event(LogEvents.RunExit) with { Next = "failed" }, NotTold);
            desk.Offer(
                ProcessWith("all=exec:exit 3", tries: 1),
                Event(LogEvents.Ready),
                body =>
                {
                    done.TrySetResult(body);
                    return Task.CompletedTask;
                }
            );

            // Of the same lane, so told after it.
            var failed = await done.Task.WaitAsync(Ct);
            var text = await File.ReadAllTextAsync(file, Ct);
            Assert.StartsWith("run-exit default/web mine {\"v\":1,", text);
            Assert.Contains("exited with code 3; tried 1 times", failed.Message);
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    [Fact]
    public async Task A_hook_that_hangs_holds_nobody_up_and_what_is_too_much_is_counted_and_told()
    {
        var time = new FakeTimeProvider();
        await using var server = new Server(answer: null);
        await using var desk = new HookDesk(time, NullLogger.Instance, waiting: 2);
        var told = Channel.CreateBounded<LogEvent>(16);
        var process = ProcessWith($"all={server.Url}", tries: 1);
        Task Tell(LogEvent body) => told.Writer.WriteAsync(body, Ct).AsTask();

        desk.Offer(process, Event("ready"), Tell);
        await server.ReadAsync();
        for (var i = 0; i < 10; i++)
        {
            // Returns at once, whatever the hook does.
            desk.Offer(process, Event("changed"), Tell);
        }

        time.Advance(TimeSpan.FromSeconds(10));
        var late = await told.Reader.ReadAsync(Ct);
        var lost = await told.Reader.ReadAsync(Ct);
        Assert.Contains("took longer than 10000 ms", late.Message);
        Assert.Contains("8 events more came than wait; they were not told", lost.Message);
    }

    [Fact]
    public async Task An_event_about_hooks_is_told_to_no_hook()
    {
        await using var server = new Server("HTTP/1.1 200 OK\r\n\r\n");
        await using var desk = new HookDesk(TimeProvider.System, NullLogger.Instance);

        desk.Offer(ProcessWith($"all={server.Url}"), Event(LogEvents.HookFailed), NotTold);
        desk.Offer(ProcessWith($"all={server.Url}"), Event(LogEvents.Ready), NotTold);

        Assert.Contains("\"what\":\"ready\"", await server.ReadAsync());
    }

    [Theory]
    [InlineData("fialed=http://h/", "did you mean failed?")]
    [InlineData("failed=https://h/", "https cannot be spoken here")]
    [InlineData("failed=ftp://h/", "is not http://HOST:PORT/PATH")]
    [InlineData("failed=http://me:secret@h/", "password")]
    [InlineData("failed", "is not EVENT")]
    public void A_wrong_hook_is_refused_with_what_is_wrong(string text, string fault) =>
        Assert.Contains(fault, HookText.TryParse("1", text, out _));

    [Fact]
    public void Every_event_is_known_to_hooks()
    {
        var all = typeof(LogEvents)
            .GetFields()
            .Where(field => field.IsLiteral)
            .Select(field => (string)field.GetRawConstantValue()!);

        Assert.Equal(all.Order(), LogEvents.All.Order());
    }

    private static Task NotTold(LogEvent body) =>
        throw new InvalidOperationException($"told {body.What}: {body.Message}");

    private static LogEvent Event(string what, string? message = null) =>
        new()
        {
            What = what,
            Run = 3,
            Message = message,
        };

    private static ProcessRecord ProcessWith(string hook, int tries = 4)
    {
        Assert.Null(HookText.TryParse("1", hook, out var read));
        return new ProcessRecord
        {
            Id = 7,
            Uid = Guid.NewGuid(),
            Spec = new ProcessSpec
            {
                Name = "web",
                Command = ["true"],
                Cwd = "/",
                Env = ["OWN=mine", $"PATH={Environment.GetEnvironmentVariable("PATH")}"],
                Hooks = [read with { Tries = tries }],
            },
        };
    }

    /// <summary>A clock that tells which timers are set, so that it is moved only when one waits.</summary>
    private sealed class WatchedTime : FakeTimeProvider
    {
        private readonly Channel<TimeSpan> _timers = Channel.CreateBounded<TimeSpan>(1024);

        public override ITimer CreateTimer(
            TimerCallback callback,
            object? state,
            TimeSpan dueTime,
            TimeSpan period
        )
        {
            var timer = base.CreateTimer(callback, state, dueTime, period);
            _timers.Writer.TryWrite(dueTime);
            return timer;
        }

        /// <summary>Waits until a timer of this length is set.</summary>
        public async Task TimerAsync(TimeSpan dueTime)
        {
            while (await _timers.Reader.ReadAsync(Ct) != dueTime)
            {
                // Another's.
            }
        }
    }

    /// <summary>A loopback server that answers each connection the same, or never.</summary>
    private sealed class Server : IAsyncDisposable
    {
        private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
        private readonly Channel<string> _requests = Channel.CreateBounded<string>(64);
        private readonly CancellationTokenSource _stopping = new();
        private readonly string? _answer;
        private readonly Task _loop;

        public Server(string? answer)
        {
            _answer = answer;
            _listener.Start();
            _loop = ServeAsync();
        }

        public string Url => $"http://127.0.0.1:{((IPEndPoint)_listener.LocalEndpoint).Port}/hook";

        public async Task<string> ReadAsync() => await _requests.Reader.ReadAsync(Ct);

        public async ValueTask DisposeAsync()
        {
            await _stopping.CancelAsync();
            await _loop;
            _listener.Dispose();
            _stopping.Dispose();
        }

        private async Task ServeAsync()
        {
            var open = new List<TcpClient>();
            try
            {
                while (true)
                {
                    var peer = await _listener.AcceptTcpClientAsync(_stopping.Token);
                    open.Add(peer);
                    var stream = peer.GetStream();
                    var text = "";
                    var bytes = new byte[8192];
                    while (!text.EndsWith("}}", StringComparison.Ordinal))
                    {
                        var got = await stream.ReadAsync(bytes, _stopping.Token);
                        if (got == 0)
                        {
                            break;
                        }

                        text += Encoding.UTF8.GetString(bytes, 0, got);
                    }

                    await _requests.Writer.WriteAsync(text, _stopping.Token);
                    if (_answer is not null)
                    {
                        await stream.WriteAsync(Encoding.ASCII.GetBytes(_answer), _stopping.Token);
                        peer.Close();
                    }
                }
            }
            catch (OperationCanceledException)
            {
                // The test is over.
            }
            finally
            {
                open.ForEach(peer => peer.Dispose());
            }
        }
    }
}
