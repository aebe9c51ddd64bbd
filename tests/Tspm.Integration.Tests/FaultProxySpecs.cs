using Microsoft.Extensions.Time.Testing;
using SmartIpc.Client;
using Tspm.Client;
using Tspm.Protocol.Batches;
using Tspm.Protocol.Messages;

namespace Tspm.Integration.Tests;

/// <summary>Followers behind a proxy that breaks their connection: what they show and tell is compared with the child's own record.</summary>
public sealed class FaultProxySpecs
{
    private static readonly LogFollowOptions All = NoisyFollow.All;

    [Fact]
    public async Task Only_its_user_may_use_the_proxy_and_without_faults_it_changes_nothing()
    {
        await using var home = new TspmHome();
        var noise = await NoisyKid.StartAsync(home, "noise", seed: 1, writes: 100);
        await using var proxy = await ProxyAsync(home, new FaultPlan(1));

        var shown = await FollowAsync(proxy, All, [noise]);

        Assert.Equal(
            UnixFileMode.UserRead | UnixFileMode.UserWrite,
            File.GetUnixFileMode(proxy.SocketPath)
        );
        Assert.Equal(1, proxy.Accepted);
        shown[0].AssertWhole();
    }

    [Theory]
    [InlineData(1, true)]
    [InlineData(2, true)]
    [InlineData(3, false)]
    [InlineData(4, false)]
    [InlineData(5, true)]
    [InlineData(6, true)]
    public async Task Cut_at_any_byte_again_and_again_a_follower_misses_and_repeats_nothing(
        int seed,
        bool catchup
    )
    {
        await using var home = new TspmHome();
        var noise = await NoisyKid.StartAsync(home, "noise", seed, writes: 2000);
        await using var proxy = await ProxyAsync(home, new FaultPlan(seed) { Cuts = true });

        var shown = await FollowAsync(
            proxy,
            All with
            {
                Catchup = catchup,
            },
            [noise],
            options => options with { RunsReaderInline = seed % 2 == 0 ? _ => true : null }
        );

        // 3 MB, and no connection gives more than half of one.
        Assert.True(proxy.Cut >= 3, $"{proxy.Cut} cuts");
        shown[0].AssertWhole();
    }

    [Theory]
    [InlineData(true, false)]
    [InlineData(false, false)]
    [InlineData(true, true)]
    [InlineData(false, true)]
    public async Task A_link_that_never_lasts_longer_than_48_KiB_is_followed_through_in_about_twice_the_connections(
        bool catchup,
        bool isHistory
    )
    {
        const int Every = 48 * 1024;
        await using var home = new TspmHome();
        var noise = await NoisyKid.StartAsync(home, "noise", seed: 12, writes: 2000);
        if (isHistory)
        {
            await noise.OpenGateAsync();
            await noise.EndedAsync();
        }

        await using var proxy = await ProxyAsync(home, new FaultPlan(12) { CutEvery = Every });

        var shown = await FollowAsync(proxy, All with { Catchup = catchup }, [noise]);

        shown[0].AssertWhole();
        // What came before a cut counts: nearly half of each connection's bytes are whole batches or pages.
        var least = shown[0].Pieces.Sum(piece => (long)piece.Bytes.Length) / Every;
        Assert.True(proxy.Cut >= least, $"{proxy.Cut} cuts, {least} at the least");
        Assert.True(proxy.Cut <= (4 * least) + 10, $"{proxy.Cut} cuts, {least} at the least");
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public async Task History_that_is_cut_goes_on_where_it_was(int seed)
    {
        await using var home = new TspmHome();
        var noise = await NoisyKid.StartAsync(home, "noise", seed, writes: 2000);
        await noise.OpenGateAsync();
        await noise.EndedAsync();
        // A page is up to 1 MiB and is asked for whole.
        var plan = new FaultPlan(seed) { Cuts = true, CutPower = 22 };
        await using var proxy = await ProxyAsync(home, plan);

        var shown = await FollowAsync(proxy, All, [noise]);

        Assert.True(proxy.Cut > 0, $"{proxy.Cut} cuts");
        shown[0].AssertWhole();
    }

    [Theory]
    [InlineData(1, false)]
    [InlineData(2, false)]
    [InlineData(3, true)]
    [InlineData(4, true)]
    public async Task Frames_that_come_in_pieces_of_a_few_bytes_are_the_same_frames(
        int seed,
        bool cuts
    )
    {
        await using var home = new TspmHome();
        var noise = await NoisyKid.StartAsync(home, "noise", seed, writes: 300);
        var plan = new FaultPlan(seed)
        {
            Chops = true,
            Cuts = cuts,
            CutPower = 21,
        };
        await using var proxy = await ProxyAsync(home, plan);

        var shown = await FollowAsync(proxy, All, [noise]);

        Assert.Equal(cuts, proxy.Cut > 0);
        shown[0].AssertWhole();
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public async Task Refused_connects_are_tried_again_and_nothing_is_missing(int seed)
    {
        await using var home = new TspmHome();
        var noise = await NoisyKid.StartAsync(home, "noise", seed, writes: 2000);
        var plan = new FaultPlan(seed) { Cuts = true, MaxRefusals = 7 };
        await using var proxy = await ProxyAsync(home, plan);

        var shown = await FollowAsync(proxy, All, [noise]);

        Assert.True(proxy.Refused > 0, $"{proxy.Accepted} connects, none refused");
        shown[0].AssertWhole();
    }

    [Theory]
    [InlineData(GapPolicy.Fill, true)]
    [InlineData(GapPolicy.Fill, false)]
    [InlineData(GapPolicy.Skip, false)]
    public async Task After_a_stall_longer_than_the_ring_the_rest_is_read_from_disk_or_told(
        GapPolicy gaps,
        bool catchup
    )
    {
        await using var home = new TspmHome();
        var noise = await NoisyKid.StartAsync(home, "noise", seed: 7, writes: 3000);
        await using var proxy = await ProxyAsync(home, new FaultPlan(7));
        var follow = All with { Gaps = gaps, Catchup = catchup };

        var shown = await FollowAsync(
            proxy,
            follow,
            [noise],
            begun: async () =>
            {
                await proxy.StallAsync();
                await noise.OpenGateAsync();
                await noise.EndedAsync();
                proxy.Release();
            }
        );

        Assert.Equal(1, proxy.Accepted);
        if (gaps == GapPolicy.Fill)
        {
            shown[0].AssertWhole();
        }
        else
        {
            Assert.True(shown[0].Lost > 0);
        }
    }

    [Fact]
    public async Task A_gap_whose_pages_are_cut_is_fetched_when_the_connection_is_back()
    {
        await using var home = new TspmHome();
        var noise = await NoisyKid.StartAsync(home, "noise", seed: 7, writes: 3000);
        // Entries before and after the gap have 1 MiB of credit each: the third is pages of the gap.
        var plan = new FaultPlan(7) { First = new Fault(CutDownAfter: 5 << 19) };
        await using var proxy = await ProxyAsync(home, plan);

        var shown = await FollowAsync(
            proxy,
            All with
            {
                Catchup = false,
            },
            [noise],
            begun: async () =>
            {
                await proxy.StallAsync();
                await noise.OpenGateAsync();
                await noise.EndedAsync();
                proxy.Release();
            }
        );

        Assert.Equal(1, proxy.Cut);
        shown[0].AssertWhole();
    }

    [Fact]
    public async Task A_connection_that_stays_silent_is_dropped_and_the_next_one_goes_on()
    {
        await using var home = new TspmHome();
        var noise = await NoisyKid.StartAsync(home, "noise", seed: 8, writes: 1000);
        await using var proxy = await ProxyAsync(home, new FaultPlan(8));
        var clock = new FakeTimeProvider();
        var lost = new TaskCompletionSource<string>();

        var shown = await FollowAsync(
            proxy,
            All,
            [noise],
            options =>
                options with
                {
                    TimeProvider = clock,
                    OnConnectionChange = change =>
                    {
                        if (change.State == ConnectionState.Waiting)
                        {
                            lost.TrySetResult(change.Reason);
                        }
                    },
                },
            async () =>
            {
                await proxy.StallAsync();
                await noise.OpenGateAsync();
                await noise.EndedAsync();
                // What was under way when the stall began may be heard later, so the silence may begin later too.
                await TspmHome.UntilAsync(
                    () =>
                    {
                        clock.Advance(TimeSpan.FromSeconds(5));
                        return Task.FromResult(lost.Task.IsCompleted);
                    },
                    "the silent connection is dropped"
                );
            }
        );

        Assert.Equal("silent", await lost.Task);
        Assert.True(proxy.Accepted >= 2, $"{proxy.Accepted} connects");
        shown[0].AssertWhole();
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public async Task All_subscriptions_of_a_connection_that_is_cut_come_back_at_their_positions(
        int seed
    )
    {
        await using var home = new TspmHome();
        var kids = new List<NoisyKid>();
        for (var i = 0; i < 4; i++)
        {
            kids.Add(
                await NoisyKid.StartAsync(
                    home,
                    $"noise-{i}",
                    (10 * seed) + i,
                    writes: 300 * (i + 1)
                )
            );
        }

        var plan = new FaultPlan(seed) { Cuts = true, MaxRefusals = 1 };
        await using var proxy = await ProxyAsync(home, plan);

        var shown = await FollowAsync(proxy, All, kids);

        Assert.True(proxy.Cut >= 3, $"{proxy.Cut} cuts");
        Assert.All(shown, log => log.AssertWhole());
    }

    [Fact]
    public async Task A_reader_that_ignores_gaps_is_caught()
    {
        await using var home = new TspmHome();
        var noise = await NoisyKid.StartAsync(home, "noise", seed: 9, writes: 3000);
        await using var proxy = await ProxyAsync(home, new FaultPlan(9));
        await using var client = await TspmIpcClient.ConnectAsync(
            NoisyFollow.OptionsFor(proxy.SocketPath),
            TestContext.Current.CancellationToken
        );
        var target = await noise.TargetAsync(client);

        var shown = new FollowedLog();
        var reading = ReadIgnoringGapsAsync(client, target, shown);
        await shown.Begun;
        await proxy.StallAsync();
        await noise.OpenGateAsync();
        await noise.EndedAsync();
        proxy.Release();
        await reading;

        var fault = shown.FindFault(await noise.RecordAsync());
        Assert.NotNull(fault);
        Assert.Contains("was due", fault, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_reader_that_begins_anew_after_each_cut_is_caught()
    {
        await using var home = new TspmHome();
        var noise = await NoisyKid.StartAsync(home, "noise", seed: 11, writes: 500);
        await using var proxy = await ProxyAsync(home, new FaultPlan(11) { First = new Fault() });
        await using var client = await TspmIpcClient.ConnectAsync(
            NoisyFollow.OptionsFor(proxy.SocketPath),
            TestContext.Current.CancellationToken
        );

        var shown = new FollowedLog();
        var reading = ReadIgnoringGapsAsync(client, await noise.TargetAsync(client), shown);

        // Not before something was shown: of a cut that comes first nothing is repeated.
        await shown.Begun;
        proxy.CutAll();
        await noise.OpenGateAsync();
        await noise.EndedAsync();
        await reading;

        Assert.Equal(2, proxy.Accepted);
        Assert.Contains("was due", shown.FindFault(await noise.RecordAsync()));
    }

    [Fact]
    public async Task A_reader_that_repeats_swaps_drops_or_changes_entries_is_caught()
    {
        await using var home = new TspmHome();
        var noise = await NoisyKid.StartAsync(home, "noise", seed: 10, writes: 100);
        await using var proxy = await ProxyAsync(home, new FaultPlan(10));
        var good = (await FollowAsync(proxy, All, [noise]))[0].Pieces;
        var record = await noise.RecordAsync();
        var at = good.FindIndex(piece => piece.Stream == 0);
        var piece = good[at];

        FollowedPiece[][] broken =
        [
            [.. good[..(at + 1)], .. good[at..]],
            [.. good[..at], good[at + 1], piece, .. good[(at + 2)..]],
            [.. good[..at], .. good[(at + 1)..]],
            [.. good[..^1]],
            [.. good[..at], piece with { Bytes = Changed(piece.Bytes) }, .. good[(at + 1)..]],
            // Numbers without a hole, but the bytes are somebody else's.
            [.. good[..at], piece with { Bytes = [] }, .. good[(at + 1)..]],
        ];

        Assert.All(
            broken,
            pieces => Assert.NotNull(new FollowedLog { Pieces = [.. pieces] }.FindFault(record))
        );
    }

    private static byte[] Changed(byte[] bytes)
    {
        var changed = (byte[])bytes.Clone();
        changed[^1] ^= 1;
        return changed;
    }

    /// <summary>The broken variant: subscribes from the start each time, shows what comes and never looks at what did not.</summary>
    private static async Task ReadIgnoringGapsAsync(
        TspmIpcClient client,
        LogTarget log,
        FollowedLog shown
    )
    {
        using var deadline = new CancellationTokenSource(TspmHome.Deadline);
        await using var subscription = client.Subscribe(
            log,
            _ => new LogSubscribeOptions { Start = "start" }
        );
        while (!shown.HasEnded)
        {
            using var message = await subscription.ReadAsync(deadline.Token);
            if (
                message.Payload is { } payload
                && message.Kind == TopicMessageKind.Batch
                && SpanBatch.TryParse(payload.Span, out var batch, out _)
            )
            {
                shown.Add(batch.Spans, batch.Bytes);
            }
        }
    }

    private static Task<IReadOnlyList<FollowedLog>> FollowAsync(
        FaultProxy proxy,
        LogFollowOptions follow,
        IReadOnlyList<NoisyKid> kids,
        Func<TspmClientOptions, TspmClientOptions>? with = null,
        Func<Task>? begun = null
    )
    {
        var options = NoisyFollow.OptionsFor(proxy.SocketPath);
        return NoisyFollow.RunAsync(
            with?.Invoke(options) ?? options,
            follow,
            kids,
            begun is null ? null : _ => begun()
        );
    }

    private static async Task<FaultProxy> ProxyAsync(TspmHome home, FaultPlan plan) =>
        new(Path.Join(home.Root, "proxy.sock"), await home.SocketAsync(), plan.Next);
}
