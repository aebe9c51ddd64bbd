using System.Diagnostics;

namespace Tspm.CaptureLog.Tests;

/// <summary>Who a process is and who holds a lock, by the kernel's word only.</summary>
public sealed class ProcessIdentityTests
{
    [Fact]
    public void A_name_with_brackets_and_blanks_does_not_shift_the_fields()
    {
        var text =
            "42 (a) b (c) Z 1 42 41 0 -1 4227148 201 0 0 0 3 4 0 0 20 0 1 0 92941 0 0 18446744073709551615 0 0 0 0 0 0 0 16781312 2 1 0 0 17 0 0 0 0 0 0 0 0 0 0 0 0 0 1792\n";

        var stat = ProcessStat.Parse(42, text);

        Assert.Equal(new ProcessStat(42, 'Z', 41, 92941, 1792, 7), stat);
        Assert.Null(ProcessStat.Parse(42, "42 (cut off) R 1 2"));
        Assert.Null(ProcessStat.Parse(42, ""));
    }

    [Theory]
    [InlineData(0x0700, 7, 0, false)]
    [InlineData(0x0009, 137, 9, false)]
    [InlineData(0x008B, 139, 11, true)]
    public void A_wait_status_is_a_code_or_a_signal(int status, int code, int signal, bool dumped)
    {
        var facts = new ExitFacts(true, true, status);

        Assert.Equal((code, signal, dumped), (facts.Code, facts.Signal, facts.HasDumped));
    }

    [Fact]
    public void The_holder_of_a_lock_is_who_has_it_and_not_who_waits()
    {
        string[] lines =
        [
            "1: POSIX  ADVISORY  WRITE 7 fd:00:99 0 EOF",
            "2: FLOCK  ADVISORY  WRITE 8 fd:00:12 0 EOF",
            "3: FLOCK  ADVISORY  WRITE 4711 fd:00:99 0 EOF",
            "3: -> FLOCK  ADVISORY  WRITE 4712 fd:00:99 0 EOF",
        ];

        Assert.Equal(4711, LockHolder.Find(lines, "fd:00:99"));
        Assert.Equal(0, LockHolder.Find(lines, "fd:00:9"));
    }

    [Fact]
    public void A_lock_that_we_hold_is_ours()
    {
        var path = Path.GetTempFileName();
        using (new FileStream(path, FileMode.Open, FileAccess.ReadWrite, FileShare.None))
        {
            Assert.Equal(Environment.ProcessId, LockHolder.Find(path));
        }

        Assert.Equal(0, LockHolder.Find(path));
        File.Delete(path);
        Assert.Equal(0, LockHolder.Find(path));
    }

    [Fact]
    public void Start_times_tell_this_process_from_the_one_before_it()
    {
        using var child = Process.Start("/bin/sleep", "1000");
        var mine = ProcessStat.Read(Environment.ProcessId);
        var its = ProcessStat.Read(child.Id);
        child.Kill();
        child.WaitForExit();

        Assert.NotNull(mine);
        Assert.NotNull(its);
        Assert.False(its.Value.IsZombie);
        Assert.True(its.Value.StartTime > mine.Value.StartTime);
        Assert.Null(ProcessStat.Read(child.Id));
    }
}
