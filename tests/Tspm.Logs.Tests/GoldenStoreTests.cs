using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;
using Tspm.CaptureLog;
using Tspm.Logs.Archive;
using Tspm.Logs.Index;

namespace Tspm.Logs.Tests;

/// <summary>Stores that were written once and stand in the tree: every later version reads them, or refuses them unharmed.</summary>
public sealed class GoldenStoreTests
{
    private static readonly LogStoreOptions Small = new() { MaxEntryBytes = 64 };

    [Fact]
    public void The_store_of_format_1_reads_as_it_was_written()
    {
        using var store = new CopiedStore("v1");

        using var archive = LogArchive.Open(store.Home, 1, Small, out var problems);
        using var writer = LogWriter.Open(store.Home, 1, Small, TimeProvider.System).Log;

        Assert.Empty(problems);
        Assert.Equal(store.Expected, Describe(archive!));
        Assert.Equal(store.Expected, Describe(writer));
        Assert.False(LogVerifier.Verify(store.Home, 1).IsDamaged);
        Assert.Equal(archive!.LogId, writer.LogId);
        Assert.Equal(archive.Facts.Epoch + 1, writer.Facts.Epoch);
    }

    [Fact]
    public void One_byte_of_it_changed_is_noticed()
    {
        using var store = new CopiedStore("v1");
        var data = Directory.GetFiles(store.Home.Process(1), "out.*").Order().First();
        var bytes = File.ReadAllBytes(data);
        bytes[3] ^= 1;
        File.WriteAllBytes(data, bytes);

        using var archive = LogArchive.Open(store.Home, 1, Small, out _);

        Assert.NotEqual(store.Expected, Describe(archive!));
        Assert.True(LogVerifier.Verify(store.Home, 1).IsDamaged);
    }

    [Fact]
    public void A_store_of_a_later_format_is_left_as_it_is_and_a_new_log_begins()
    {
        using var store = new CopiedStore("v1");
        var index = Directory.GetFiles(store.Home.Process(1), "index.*").Order().ToList();
        foreach (var path in index)
        {
            RaiseVersion(path);
        }

        var before = index.ToDictionary(path => path, File.ReadAllBytes);
        Assert.Null(LogArchive.Open(store.Home, 1, Small, out var problems));
        Assert.Contains("later version", Assert.Single(problems.Take(1)), StringComparison.Ordinal);
        Assert.All(before, one => Assert.Equal(one.Value, File.ReadAllBytes(one.Key)));

        var writer = LogWriter.Open(store.Home, 1, Small, TimeProvider.System);
        using var log = writer.Log;

        Assert.False(writer.IsContinued);
        Assert.Equal(0, log.Facts.Head);
        Assert.All(before, one => Assert.Equal(one.Value, File.ReadAllBytes(one.Key + ".later")));
    }

    /// <summary>Made the store once: <c>TSPM_GOLDEN=DIR</c> says where to.</summary>
    [Fact(Explicit = true)]
    public void Write_a_store()
    {
        var target = Environment.GetEnvironmentVariable("TSPM_GOLDEN");
        Assert.SkipWhen(string.IsNullOrEmpty(target), "TSPM_GOLDEN does not say where to");
        using var keeper = new FakeKeeper { WallShift = 17_000_000_000_000_000 };
        keeper.Begin();
        using (var log = new LogUnderTest(keeper, Small))
        {
            keeper.Write(StreamKind.Out, "first\nsecond\n"u8);
            keeper.Write(StreamKind.Err, "caf\u00e9\r\n\n"u8);
            log.Event(keeper.Now);
            keeper.Rotate(StreamKind.Out);
            keeper.Write(StreamKind.Out, Encoding.ASCII.GetBytes(new string('z', 150) + "\n"));
            keeper.Write(StreamKind.Out, "10%\r20%\r30%\n\0\u0001"u8);
            log.Turn(keeper.Now);
        }

        using (var log = new LogUnderTest(keeper, Small))
        {
            keeper.End();
            keeper.Begin();
            keeper.Write(StreamKind.Out, "of the second run\n"u8);
            keeper.Synced();
            log.Turn(keeper.Now);
            Copy(keeper.Home.Machine, target!);
            File.WriteAllLines(Path.Join(target, "expected.txt"), Describe(log.Log));
        }
    }

    private static void RaiseVersion(string path)
    {
        var bytes = File.ReadAllBytes(path);
        ref var header = ref MemoryMarshal.Cast<byte, HeaderSlot>(bytes.AsSpan(0, LogSpan.Size))[0];
        header.Version++;
        header.Checksum = header.ComputeLaterChecksum();
        File.WriteAllBytes(path, bytes);
    }

    private static List<string> Describe(ProcessLog log)
    {
        var lines = new List<string>();
        var spans = new LogSpan[8];
        var head = log.Facts.Head;
        for (var after = 0L; after < head; )
        {
            var read = log.Read(after, head, LogFilter.All, spans, new LogRoom(1 << 20));
            foreach (var span in spans.AsSpan(0, read.Count))
            {
                lines.AddRange(
                    LogUnderTest
                        .EntriesOf(log, span)
                        .Select(one =>
                            string.Create(
                                CultureInfo.InvariantCulture,
                                $"{one.Seq} {one.Stream} run {span.Run} ord {span.Ord} wall {span.Wall} {(ushort)one.Flags} {one.Aux} {one.Bytes}"
                            )
                        )
                );
            }

            after = read.UpTo;
        }

        return lines;
    }

    private static void Copy(string source, string target)
    {
        Directory.CreateDirectory(target);
        foreach (var directory in Directory.GetDirectories(source))
        {
            Copy(directory, Path.Join(target, Path.GetFileName(directory)));
        }

        foreach (var file in Directory.GetFiles(source))
        {
            File.Copy(file, Path.Join(target, Path.GetFileName(file)));
        }
    }

    /// <summary>A copy, so that the one in the tree stays as it is.</summary>
    private sealed class CopiedStore : IDisposable
    {
        public CopiedStore(string name)
        {
            var source = Path.Join(AppContext.BaseDirectory, "Golden", name);
            var root = Directory.CreateTempSubdirectory("tg").FullName;
            Copy(source, root);
            Home = new HomePaths(root, root);
            Expected = [.. File.ReadAllLines(Path.Join(source, "expected.txt"))];
        }

        public HomePaths Home { get; }

        public List<string> Expected { get; }

        public void Dispose() => Directory.Delete(Home.Root, recursive: true);
    }
}
