using System.Text.Json;
using CsCheck;
using Microsoft.Extensions.Time.Testing;
using Tspm.Daemon.Persistence;
using Tspm.Daemon.Supervision;
using Tspm.TestTools;

namespace Tspm.Daemon.Tests;

/// <summary>The list on disk survives damage and a death at any moment.</summary>
public sealed class ProcessListFileTests
{
    private const int HeadLength = 9;
    private const string Stamp = "20260102T030405";

    private static readonly ProcessList Old = new()
    {
        NextId = 2,
        Keeper = "10:20",
        Processes = [Records.Named("old")],
    };

    private static readonly ProcessList New = new()
    {
        NextId = 3,
        Keeper = "10:20",
        Processes = [Records.Named("old"), Records.Named("new", id: 2)],
    };

    private readonly FakeTimeProvider _time = new(
        new DateTimeOffset(2026, 1, 2, 3, 4, 5, TimeSpan.Zero)
    );

    [Fact]
    public void A_list_that_is_nearly_right_is_read_whole_or_refused_in_words()
    {
        using var folder = new TempFolder();
        var path = folder["fuzz"];
        new ProcessListFile(path, _time).Write(New);
        var body = File.ReadAllBytes(path)[HeadLength..];
        var number = 0;
        Mutant.Fuzz(
            Gen.Const(body),
            bytes =>
            {
                // Under its right checksum, so that the reader behind it is asked.
                var file = $"{path}{Interlocked.Increment(ref number)}";
                var head = $"{Tspm.CaptureLog.Crc32C.Compute(bytes):x8}\n";
                File.WriteAllBytes(file, [.. System.Text.Encoding.ASCII.GetBytes(head), .. bytes]);

                var isRead = ProcessListFile.TryRead(file, out var list, out var fault);

                File.Delete(file);
                Assert.NotEqual(isRead, fault.Length > 0);
                Assert.All(list.Processes, process => Assert.NotNull(process.Spec.Command));
            }
        );
    }

    [Fact]
    public void Who_looks_at_a_list_whose_daemon_stands_between_two_steps_of_a_save_finds_one()
    {
        using var folder = new TempFolder();
        var path = folder["list"];
        var file = new ProcessListFile(path, _time);
        file.Write(Old);
        file.Write(New);
        Assert.Equal(2, ProcessListFile.ReadWhole(path).Processes.Count);

        // The next list is half written: the one that has the name counts.
        File.WriteAllBytes(path + ".new", File.ReadAllBytes(path)[..^1]);
        Assert.Equal(2, ProcessListFile.ReadWhole(path).Processes.Count);

        // The old one is the copy, the new one has no name yet; at the end only the copy is whole.
        File.Move(path, path + ".1", overwrite: true);
        file = new ProcessListFile(folder["other"], _time);
        file.Write(Old);
        File.Move(folder["other"], path + ".new", overwrite: true);
        Assert.Single(ProcessListFile.ReadWhole(path).Processes);
        File.WriteAllBytes(path + ".new", []);
        Assert.Equal(2, ProcessListFile.ReadWhole(path).Processes.Count);
        File.Delete(path + ".1");
        Assert.Empty(ProcessListFile.ReadWhole(path).Processes);
    }

    [Fact]
    public void What_was_written_is_read_again_whole()
    {
        using var folder = new TempFolder();
        var list = New with
        {
            Processes =
            [
                Records.Named("web", "shop", 2) with
                {
                    IsWanted = true,
                    Run = 4,
                    Restarts = 3,
                    History = new RestartHistory(2, [100, 200]),
                    FailedReason = "3 short runs within 60 s",
                    StartOrder = 9,
                    Runs =
                    [
                        new RunRecord
                        {
                            Run = 4,
                            RunId = new Guid(1, 2, 3, new byte[8]),
                            Pid = 77,
                            StartTime = ulong.MaxValue,
                            StartedAt = _time.GetUtcNow(),
                            Signal = 9,
                            CpuMs = 12,
                        },
                    ],
                },
            ],
        };

        new ProcessListFile(folder["list"], _time).Write(list);
        var file = new ProcessListFile(folder["list"], _time);
        var read = file.Read();

        Assert.Equal(Text(list), Text(read));
        Assert.Null(file.Damage);
    }

    [Fact]
    public void Without_a_file_the_list_is_empty_and_nothing_is_damaged()
    {
        using var folder = new TempFolder();
        var file = new ProcessListFile(folder["list"], _time);

        var read = file.Read();

        Assert.Equal(Text(new ProcessList()), Text(read));
        Assert.Null(file.Damage);
    }

    [Fact]
    public void The_file_and_its_copy_are_for_their_owner_alone()
    {
        using var folder = new TempFolder();

        WriteBoth(folder);

        const UnixFileMode owner = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        Assert.Equal(["list", "list.1"], folder.FileNames());
        Assert.Equal(owner, File.GetUnixFileMode(folder["list"]));
        Assert.Equal(owner, File.GetUnixFileMode(folder["list.1"]));
    }

    [Fact]
    public void A_damaged_file_is_kept_under_a_dated_name_and_the_previous_copy_counts()
    {
        using var folder = new TempFolder();
        WriteBoth(folder);
        var damaged = File.ReadAllBytes(folder["list"]);
        damaged[^2] ^= 1;
        File.WriteAllBytes(folder["list"], damaged);
        var file = new ProcessListFile(folder["list"], _time);

        var read = file.Read();

        Assert.Equal(Text(Old), Text(read));
        Assert.Equal([$"list.1", $"list.damaged-{Stamp}"], folder.FileNames());
        Assert.Equal(damaged, File.ReadAllBytes(folder[$"list.damaged-{Stamp}"]));
        Assert.Contains("its checksum is wrong", file.Damage);
    }

    [Fact]
    public void A_second_damaged_file_of_the_same_second_is_kept_beside_the_first()
    {
        using var folder = new TempFolder();

        foreach (var text in new[] { "first", "second" })
        {
            File.WriteAllText(folder["list"], text);
            new ProcessListFile(folder["list"], _time).Read();
        }

        Assert.Equal("first", File.ReadAllText(folder[$"list.damaged-{Stamp}"]));
        Assert.Equal("second", File.ReadAllText(folder[$"list.damaged-{Stamp}-2"]));
    }

    [Fact]
    public void A_list_of_a_newer_format_is_not_taken_for_one_of_ours()
    {
        using var folder = new TempFolder();
        var newer = new ProcessList { Format = ProcessList.CurrentFormat + 1, NextId = 7 };
        new ProcessListFile(folder["list"], _time).Write(newer);
        var file = new ProcessListFile(folder["list"], _time);

        Assert.Equal(1u, file.Read().NextId);
        Assert.Contains("format 2", file.Damage);
        Assert.True(File.Exists(folder[$"list.damaged-{Stamp}"]));
    }

    [Fact]
    public void If_the_copy_is_damaged_too_both_are_kept_and_the_list_is_empty()
    {
        using var folder = new TempFolder();
        File.WriteAllText(folder["list"], "no list");
        File.WriteAllText(folder["list.1"], "no list either, but longer");
        var file = new ProcessListFile(folder["list"], _time);

        var read = file.Read();

        Assert.Equal(Text(new ProcessList()), Text(read));
        Assert.Equal([$"list.1.damaged-{Stamp}", $"list.damaged-{Stamp}"], folder.FileNames());
        Assert.Contains("no checksum line", file.Damage);
    }

    [Fact]
    public void Cut_at_every_byte_the_old_list_is_read_and_uncut_the_new_one()
    {
        using var folder = new TempFolder();
        WriteBoth(folder);
        var whole = File.ReadAllBytes(folder["list"]);
        var copy = File.ReadAllBytes(folder["list.1"]);

        for (var length = 0; length <= whole.Length; length++)
        {
            File.WriteAllBytes(folder["list"], whole[..length]);
            File.WriteAllBytes(folder["list.1"], copy);
            var read = new ProcessListFile(folder["list"], _time).Read();
            Assert.Equal(Text(length == whole.Length ? New : Old), Text(read));
        }
    }

    [Fact]
    public void A_death_at_any_byte_of_a_write_leaves_the_old_list()
    {
        using var folder = new TempFolder();
        WriteBoth(folder);
        var fresh = File.ReadAllBytes(folder["list"]);
        File.Move(folder["list.1"], folder["list"], overwrite: true);

        for (var length = 0; length <= fresh.Length; length++)
        {
            File.WriteAllBytes(folder["list.new"], fresh[..length]);
            var read = new ProcessListFile(folder["list"], _time).Read();
            Assert.Equal(Text(Old), Text(read));
        }
    }

    [Fact]
    public void A_death_between_the_two_renames_leaves_the_old_list()
    {
        using var folder = new TempFolder();
        WriteBoth(folder);
        File.Move(folder["list"], folder["list.new"]);
        var file = new ProcessListFile(folder["list"], _time);

        var read = file.Read();

        Assert.Equal(Text(Old), Text(read));
        Assert.Null(file.Damage);
    }

    [Fact]
    public void What_does_not_wait_for_the_device_is_read_by_the_next_daemon_and_never_takes_the_place_of_the_copy_that_is_there()
    {
        using var folder = new TempFolder();
        WriteBoth(folder);
        var file = new ProcessListFile(folder["list"], _time);

        file.Write(Old);
        file.WriteUnsynced(New);
        file.WriteUnsynced(New with { NextId = 9 });

        Assert.Equal(9u, new ProcessListFile(folder["list"], _time).Read().NextId);
        // What a power loss may leave of a file that was renamed and not synced.
        File.WriteAllBytes(folder["list"], []);
        Assert.Equal(Text(Old), Text(new ProcessListFile(folder["list"], _time).Read()));
    }

    [Fact]
    public void A_synced_write_after_those_keeps_the_newest_of_them_as_its_copy()
    {
        using var folder = new TempFolder();
        var file = new ProcessListFile(folder["list"], _time);
        file.Write(Old);
        file.WriteUnsynced(New with { NextId = 9 });

        file.Write(New);

        File.Delete(folder["list"]);
        Assert.Equal(9u, new ProcessListFile(folder["list"], _time).Read().NextId);
    }

    [Fact]
    public void Whatever_byte_is_changed_the_old_list_is_read()
    {
        AssertOldAfterAnyChange(folder => new ProcessListFile(folder["list"], _time).Read());
    }

    [Fact]
    public void A_reader_that_does_not_look_at_the_checksum_is_caught()
    {
        Assert.ThrowsAny<Exception>(() =>
            AssertOldAfterAnyChange(folder =>
                JsonSerializer.Deserialize(
                    File.ReadAllBytes(folder["list"]).AsSpan(HeadLength),
                    ProcessListJson.Default.ProcessList
                )!
            )
        );
    }

    [Fact]
    public void A_file_larger_than_any_list_is_set_aside_unread()
    {
        const long tooLarge = (256L * 1024 * 1024) + 1;
        using var folder = new TempFolder();
        WriteBoth(folder);
        // Sparse: it takes no room on the disk.
        using (var large = File.OpenWrite(folder["list"]))
        {
            large.SetLength(tooLarge);
        }

        var file = new ProcessListFile(folder["list"], _time);
        var read = file.Read();

        Assert.Equal(Text(Old), Text(read));
        Assert.Contains("larger than any list", file.Damage);
        Assert.Equal(tooLarge, new FileInfo(folder[$"list.damaged-{Stamp}"]).Length);
    }

    private void WriteBoth(TempFolder folder)
    {
        var file = new ProcessListFile(folder["list"], _time);
        file.Write(Old);
        file.Write(New);
    }

    private void AssertOldAfterAnyChange(Func<TempFolder, ProcessList> read)
    {
        using var folder = new TempFolder();
        WriteBoth(folder);
        var whole = File.ReadAllBytes(folder["list"]);
        var copy = File.ReadAllBytes(folder["list.1"]);
        Gen.Select(Gen.Int[0, whole.Length - 1], Gen.Byte[1, 255])
            .Sample(
                (at, change) =>
                {
                    var damaged = whole.ToArray();
                    damaged[at] ^= change;
                    File.WriteAllBytes(folder["list"], damaged);
                    File.WriteAllBytes(folder["list.1"], copy);
                    Assert.Equal(Text(Old), Text(read(folder)));
                },
                iter: 500,
                threads: 1
            );
    }

    private static string Text(ProcessList list) =>
        JsonSerializer.Serialize(list, ProcessListJson.Default.ProcessList);
}
