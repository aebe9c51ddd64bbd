using System.Runtime.InteropServices;

namespace Tspm.CaptureLog.Tests;

/// <summary>Readers look in the home and in its spill: nothing is lost or doubled where files of both meet, or are gone.</summary>
public sealed class SpillTests : IDisposable
{
    private static readonly StreamName Out = new(StreamKind.Out, 0);
    private readonly string _root = Directory.CreateTempSubdirectory("tsp").FullName;
    private readonly HomePaths _home;
    private readonly SpillPlace _spill;

    public SpillTests()
    {
        _home = HomePaths.At(Path.Join(_root, "home"));
        Assert.Null(HomeGuard.Prepare(_home));
        Directory.CreateDirectory(_home.Process(1));
        _spill = SpillPlace.Of(_home);
    }

    public void Dispose()
    {
        Directory.Delete(_root, recursive: true);
        if (Directory.Exists(_spill.Root))
        {
            Directory.Delete(_spill.Root, recursive: true);
        }
    }

    [Fact]
    public void A_home_that_was_made_again_has_another_spill()
    {
        Directory.Delete(_home.Root, recursive: true);
        Assert.Null(HomeGuard.Prepare(_home));

        Assert.NotEqual(_spill, SpillPlace.Of(_home));
    }

    [Fact]
    public void A_spill_that_is_open_to_others_or_a_link_is_refused()
    {
        Assert.Null(_spill.Prepare(_spill.Process(1)));
        Assert.True(_spill.IsOurs(_spill.Process(1)));

        File.SetUnixFileMode(_spill.Process(1), UnixFileMode.UserRead | UnixFileMode.GroupRead);
        Assert.False(_spill.IsOurs(_spill.Process(1)));
        Assert.Contains("open to others", _spill.Prepare(_spill.Process(1)));

        Directory.Delete(_spill.Process(1));
        Directory.CreateSymbolicLink(_spill.Process(1), _home.Process(1));
        Assert.False(_spill.IsOurs(_spill.Process(1)));
        Assert.NotNull(_spill.Prepare(_spill.Process(1)));
    }

    [Fact]
    public void Bytes_are_read_over_the_files_of_home_and_spill()
    {
        using var reader = DataFileReader.Of(_home, 1);
        var all = new byte[100];
        new Random(7).NextBytes(all);
        Put(_home.Process(1), 0, all.AsSpan(0, 30));

        Assert.Equal(30, reader.Read(Out, 0, new byte[100]));

        Assert.Null(_spill.Prepare(_spill.Process(1)));
        Put(_spill.Process(1), 30, all.AsSpan(30, 40));
        Put(_spill.Process(1), 70, all.AsSpan(70, 5));
        // The failed attempt to come back is empty.
        Put(_home.Process(1), 70, []);
        Put(_home.Process(1), 75, all.AsSpan(75, 25));

        for (var from = 0; from < all.Length; from++)
        {
            var read = new byte[100];
            Assert.Equal(all.Length - from, reader.Read(Out, (ulong)from, read));
            Assert.Equal(all[from..], read[..(all.Length - from)]);
        }
    }

    [Fact]
    public void Deleted_files_end_a_read_and_their_handles_are_let_go()
    {
        using var reader = DataFileReader.Of(_home, 1);
        for (ulong first = 0; first < 100; first += 10)
        {
            Put(_home.Process(1), first, new byte[10]);
        }

        Assert.Equal(100, reader.Read(Out, 0, new byte[200]));
        for (ulong first = 0; first < 50; first += 10)
        {
            File.Delete(Path.Join(_home.Process(1), Out.DataFile(first)));
        }

        Assert.Equal(50ul, reader.FindNext(Out, 0));
        Assert.Equal(95ul, reader.FindNext(Out, 95));
        Assert.Null(reader.FindNext(Out, 100));
        Assert.Equal(0, reader.Read(Out, 20, new byte[100]));
        Assert.DoesNotContain(OpenPaths(), path => path.EndsWith("(deleted)"));
        Assert.Equal(50, reader.TotalBytes());
    }

    [Fact]
    public void Forgotten_files_are_closed_while_others_stay()
    {
        using var reader = DataFileReader.Of(_home, 1);
        for (ulong first = 0; first < 40; first += 10)
        {
            Put(_home.Process(1), first, new byte[10]);
        }

        Assert.Equal(40, reader.Read(Out, 0, new byte[100]));
        File.Delete(Path.Join(_home.Process(1), Out.DataFile(0)));
        reader.Forget(Out, 10);

        Assert.DoesNotContain(OpenPaths(), path => path.EndsWith("(deleted)"));
        Assert.Equal(30, reader.Read(Out, 10, new byte[100]));
    }

    [Fact]
    public void The_journal_goes_on_over_home_and_spill()
    {
        using var reader = new JournalReader(JournalFiles.Of(_home), 0);
        PutJournal(_home.Journal, 1, 3);
        Assert.Equal([1ul, 2, 3], ReadAll(reader));

        Assert.Null(_spill.Prepare(_spill.Journal));
        PutJournal(_spill.Journal, 4, 2);
        PutJournal(_home.Journal, 6, 2);

        Assert.Equal([4ul, 5, 6, 7], ReadAll(reader));
        Assert.Equal(0ul, reader.Lost);
        JournalFiles.Of(_home).DeleteBefore(6);
        Assert.Equal([6ul], JournalFiles.Of(_home).List());
    }

    [Fact]
    public void Ords_that_are_gone_are_passed_over_as_soon_as_a_later_file_is_there()
    {
        using var reader = new JournalReader(JournalFiles.Of(_home), 0);
        PutJournal(_home.Journal, 1, 3);
        Assert.Equal([1ul, 2, 3], ReadAll(reader));
        Assert.Empty(ReadAll(reader));

        PutJournal(_home.Journal, 100, 2);

        Assert.Equal([100ul, 101], ReadAll(reader));
        Assert.Equal(96ul, reader.Lost);
    }

    [Fact]
    public void Damage_in_a_journal_costs_only_the_damaged_records()
    {
        PutJournal(_home.Journal, 1, 9);
        PutJournal(_home.Journal, 10, 1);
        var path = _home.JournalFile(1);
        var bytes = File.ReadAllBytes(path);
        foreach (var ord in new[] { 1, 4, 5, 9 })
        {
            bytes[(ord * JournalRecord.Length) + 13] ^= 4;
        }

        bytes[3] ^= 1;
        File.WriteAllBytes(path, bytes);
        using var reader = new JournalReader(JournalFiles.Of(_home), 0);

        Assert.Equal([2ul, 3, 6, 7, 8, 10], ReadAll(reader));
        Assert.Equal(4ul, reader.Lost);
    }

    [Fact]
    public void A_journal_of_a_newer_format_is_refused()
    {
        PutJournal(_home.Journal, 1, 1, JournalRecord.FormatVersion + 1);
        using var reader = new JournalReader(JournalFiles.Of(_home), 0);

        Assert.Empty(ReadAll(reader));
        Assert.True(reader.IsNewerFormat);
    }

    [Fact]
    public void What_the_daemon_consumed_stands_at_16_of_the_wake_page()
    {
        using (var page = WakePage.Open(_home.WakePage))
        {
            Assert.Equal(0ul, page.Consumed);
            page.Consumed = 0x0102030405060708;
            page.Publish(9);
        }

        var bytes = File.ReadAllBytes(_home.WakePage);
        Assert.Equal(
            "09000000000000000000000000000000" + "0807060504030201",
            Convert.ToHexString(bytes[..24])
        );
        using var again = WakePage.Open(_home.WakePage);
        Assert.Equal((9ul, 0x0102030405060708ul), (again.JournalEnd, again.Consumed));
    }

    [Fact]
    public void A_journal_that_was_given_up_without_a_record_goes_on_in_its_like()
    {
        using var reader = new JournalReader(JournalFiles.Of(_home), 0);
        PutJournal(_home.Journal, 1, 2);
        PutJournal(_home.Journal, 3, 0);
        Assert.Equal([1ul, 2], ReadAll(reader));

        Assert.Null(_spill.Prepare(_spill.Journal));
        File.Delete(_home.JournalFile(3));
        PutJournal(_spill.Journal, 3, 2);

        Assert.Equal([3ul, 4], ReadAll(reader));
    }

    private static List<ulong> ReadAll(JournalReader reader)
    {
        var ords = new List<ulong>();
        var records = new JournalRecord[2];
        while (reader.Read(records) is var count and > 0)
        {
            ords.AddRange(records.Take(count).Select(record => record.Ord));
        }

        return ords;
    }

    private static void Put(string directory, ulong first, ReadOnlySpan<byte> bytes) =>
        File.WriteAllBytes(Path.Join(directory, Out.DataFile(first)), bytes);

    private static void PutJournal(
        string directory,
        ulong first,
        int count,
        uint version = JournalRecord.FormatVersion
    )
    {
        var records = new JournalRecord[count + 1];
        for (var i = 0; i <= count; i++)
        {
            records[i] = new JournalRecord
            {
                Kind = i == 0 ? JournalRecordKind.Header : JournalRecordKind.Synced,
                Ord = first + (ulong)Math.Max(0, i - 1),
                A = i == 0 ? JournalRecord.Magic : 0,
                C = i == 0 ? version : 0,
            };
            records[i].Seal();
        }

        File.WriteAllBytes(
            Path.Join(directory, $"{first:D16}"),
            MemoryMarshal.AsBytes(records.AsSpan())
        );
    }

    private static List<string> OpenPaths() =>
        [
            .. Directory
                .EnumerateFiles("/proc/self/fd")
                .Select(path => new FileInfo(path).LinkTarget ?? "")
                .Where(target => target.Contains("/tsp", StringComparison.Ordinal)),
        ];
}
