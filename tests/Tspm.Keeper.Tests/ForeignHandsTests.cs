using CsCheck;
using Tspm.CaptureLog;
using Tspm.Keeper.Capture;
using Tspm.Keeper.Interop;

namespace Tspm.Keeper.Tests;

/// <summary>Somebody deletes, cuts or replaces files while a program prints; and all of it at random.</summary>
[Collection("disk")]
public sealed class ForeignHandsTests
{
    private static readonly LogFileRules Wide = new(1 << 20, 1 << 22, MustBlock: false);

    [Fact]
    public void A_deleted_file_is_told_and_a_new_one_begun()
    {
        using var rig = Begun(out var path);
        File.Delete(path);

        CheckLoss(rig, 10_000, 0, 10_000);
    }

    [Fact]
    public void A_deleted_directory_is_made_again()
    {
        using var rig = Begun(out var path);
        Directory.Delete(Path.GetDirectoryName(path)!, recursive: true);

        CheckLoss(rig, 10_000, 0, 10_000);
    }

    [Fact]
    public void A_replaced_file_is_told()
    {
        using var rig = Begun(out var path);
        File.Move(path, path + ".old");
        File.WriteAllText(path, "other");

        CheckLoss(rig, 10_000, 0, 10_000);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(4096)]
    [InlineData(9_999)]
    public void A_file_that_was_cut_is_told_from_the_cut_on(int length)
    {
        using var rig = Begun(out var path);
        using (var file = File.OpenWrite(path))
        {
            file.SetLength(length);
        }

        CheckLoss(rig, 10_000, length, 10_000);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(5_000)]
    [InlineData(20_000)]
    public void A_file_that_was_cut_and_written_on_has_a_hole_which_is_told(int length)
    {
        // Looks rarely: the next bytes are written before it is seen that the file was cut.
        using var rig = new Rig(Wide, lookEvery: long.MaxValue / 2);
        rig.Open(StreamKind.Out);
        rig.WriteAndSettle(StreamKind.Out, RotationTests.Lines(1, 30_000));
        using (var file = File.OpenWrite(rig.HomeFiles[0]))
        {
            file.SetLength(length);
        }

        rig.WriteAndSettle(StreamKind.Out, RotationTests.Lines(2, 10_000));
        rig.StreamOf(StreamKind.Out).Target.CareAt = 0;

        CheckLoss(rig, 40_000, length, 30_000);
    }

    [Fact]
    public void A_file_that_is_deleted_before_the_end_of_a_run_never_has_its_offsets_used_again()
    {
        using var rig = Begun(out var path);
        File.Delete(path);
        rig.Finish();

        rig.Open(StreamKind.Out);
        rig.Write(StreamKind.Out, RotationTests.Lines(9, 500));
        rig.Finish();

        Assert.Equal(10_000, Verifier.Check(rig));
    }

    [Fact]
    public void Files_that_are_deleted_between_runs_leave_their_offsets_to_nobody()
    {
        using var rig = Begun(out var path);
        rig.Finish();
        File.Delete(path);
        rig.Forget();
        rig.IsTold = true;

        rig.Open(StreamKind.Out);
        rig.Write(StreamKind.Out, RotationTests.Lines(9, 500));
        rig.Finish();

        using var reader = DataFileReader.Of(rig.Home, Rig.Process);
        var name = new StreamName(StreamKind.Out, 0);
        Assert.Equal(10_000ul, reader.FindNext(name, 0));
        var read = new byte[500];
        Assert.Equal(500, reader.Read(name, 10_000, read));
        Assert.Equal(RotationTests.Lines(9, 500), read);
    }

    /// <summary>Random writes, new runs, disks that are full and free again, failing syncs, retention and foreign hands.</summary>
    [Fact]
    public void Whatever_happens_every_byte_is_kept_once_or_told_as_gone()
    {
        var losses = 0;
        Gen.Select(Gen.Int[1, 4], Gen.Int[0, 9].Array[5, 40], Gen.Int)
            .Sample(
                (size, actions, seed) => losses += Run(size, actions, seed) > 0 ? 1 : 0,
                iter: 60,
                threads: 1
            );
        Assert.True(losses > 5, $"only {losses} runs lost anything: the test is blind");
    }

    private static long Run(int size, int[] actions, int seed)
    {
        using var rig = new Rig(
            new LogFileRules(2000ul * (ulong)size, 20_000ul * (ulong)size, MustBlock: false)
        );
        // With neither home nor spill at the end of a run only the daemon knows where its stream ended.
        rig.IsTold = true;
        var random = new Random(seed);
        var isHomeFull = false;
        var isSpillFull = false;
        var mustFailSync = false;
        Disk.Fault = (call, path) =>
            call == DiskCall.Delete ? 0
            : call == DiskCall.Sync ? (mustFailSync ? 5 : 0)
            : path.StartsWith(rig.Home.Root, StringComparison.Ordinal) ? (isHomeFull ? 28 : 0)
            : path.Contains("/p/", StringComparison.Ordinal) && isSpillFull ? 28
            : 0;
        rig.Open(StreamKind.Out, StreamKind.Err);
        foreach (var action in actions)
        {
            var kind = random.Next(4) == 0 ? StreamKind.Err : StreamKind.Out;
            switch (action)
            {
                case 0:
                    isHomeFull = !isHomeFull;
                    break;
                case 1:
                    isSpillFull = !isSpillFull;
                    break;
                case 2:
                    mustFailSync = !mustFailSync;
                    rig.Sync.Sync();
                    break;
                case 3:
                    rig.Finish();
                    rig.Open(StreamKind.Out, StreamKind.Err);
                    break;
                case 4:
                case 5:
                    rig.Between(() => Spoil(rig.StreamOf(kind).Target.File, action == 4, random));
                    break;
                default:
                    rig.WriteAndSettle(kind, RotationTests.Lines(seed, random.Next(1, 9000)));
                    break;
            }

            // Seen before the program prints on; and so that a run that ends has no untold loss.
            if (action is 4 or 5)
            {
                isHomeFull = false;
                rig.StreamOf(kind).Target.CareAt = 0;
                rig.WriteAndSettle(kind, RotationTests.Lines(seed, 10));
            }
        }

        isHomeFull = isSpillFull = false;
        rig.Finish();
        try
        {
            return Verifier.Check(rig);
        }
        catch (Exception error)
        {
            throw new InvalidOperationException($"{error.Message}\n{rig.Describe()}", error);
        }
    }

    private static void Spoil(DataFile? file, bool mustDelete, Random random)
    {
        if (file is not { IsSpill: false, Length: > 0 })
        {
            return;
        }

        if (mustDelete)
        {
            File.Delete(file.Path);
            return;
        }

        using var cut = File.OpenWrite(file.Path);
        cut.SetLength(random.NextInt64(cut.Length));
    }

    private static Rig Begun(out string path)
    {
        var rig = new Rig(Wide);
        rig.Open(StreamKind.Out);
        rig.WriteAndSettle(StreamKind.Out, RotationTests.Lines(1, 10_000));
        path = rig.HomeFiles[0];
        return rig;
    }

    private static void CheckLoss(Rig rig, int written, int from, int to)
    {
        rig.WriteAndSettle(StreamKind.Out, RotationTests.Lines(3, 3000));
        rig.Finish();

        Assert.Equal(to - from, Verifier.Check(rig));
        var dropped = Assert.Single(
            rig.ReadJournal(),
            record => record.Kind == JournalRecordKind.Dropped
        );
        Assert.Equal(((ulong)from, (ulong)to), (dropped.A, dropped.B));
        Assert.Equal(JournalRecord.UnknownNewlines, dropped.C);
        var rotated = Assert.Single(
            rig.ReadJournal(),
            record => record.Kind == JournalRecordKind.Rotated
        );
        Assert.Equal(((ulong)written, (ulong)RotationReason.Changed), (rotated.A, rotated.B));
    }
}
