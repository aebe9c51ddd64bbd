using Tspm.Daemon.Supervision;

namespace Tspm.Daemon.Tests;

/// <summary>Why a program could not be started, in words.</summary>
public sealed class ErrnoTests
{
    private const int StageDirectory = 1;
    private const int StageProgram = 2;
    private const int InputOutputError = 5;

    [Theory]
    [InlineData(StageDirectory, 2, "/srv/web: no such directory", "--cwd")]
    [InlineData(StageDirectory, 20, "/srv/web: not a directory", "--cwd")]
    [InlineData(StageDirectory, 13, "/srv/web: permission denied", "mode x")]
    [InlineData(StageProgram, 2, "./serve: no such file", "check the path")]
    [InlineData(
        StageProgram,
        13,
        "./serve: permission denied (not executable)",
        "chmod +x ./serve"
    )]
    [InlineData(StageProgram, 8, "./serve: not a program this machine can run", "#!/bin/sh")]
    [InlineData(StageProgram, 7, "./serve: arguments and environment are too long", "ARG_MAX")]
    [InlineData(StageProgram, 11, "./serve: no more processes are allowed", "ulimit -u")]
    [InlineData(StageProgram, 24, "./serve: the keeper has too many files open", "ulimit -n")]
    public void The_text_names_the_path_and_the_reason_and_the_hint_what_to_do(
        int stage,
        int errno,
        string reason,
        string hint
    )
    {
        var told = Errno.DescribeSpawn(errno, stage, Records.Spec("./serve"));

        Assert.Equal(reason, told.Reason);
        Assert.Contains(hint, told.Hint);
    }

    [Fact]
    public void A_program_without_a_slash_is_said_to_be_missing_from_the_PATH()
    {
        var told = Errno.DescribeSpawn(2, StageProgram, Records.Spec("serve"));

        Assert.Equal("serve: not found in PATH", told.Reason);
        Assert.Contains("PATH", told.Hint);
    }

    [Fact]
    public void No_memory_needs_no_hint()
    {
        var told = Errno.DescribeSpawn(12, StageProgram, Records.Spec("serve"));

        Assert.Equal(("serve: out of memory", null), told);
    }

    [Theory]
    [InlineData(StageDirectory, "/srv/web: ")]
    [InlineData(StageProgram, "./serve: ")]
    public void Any_other_errno_is_told_in_the_words_of_the_system(int stage, string path)
    {
        var told = Errno.DescribeSpawn(InputOutputError, stage, Records.Spec("./serve"));

        Assert.Equal($"{path}{Errno.Describe(InputOutputError)}", told.Reason);
        Assert.NotEmpty(Errno.Describe(InputOutputError));
        Assert.Null(told.Hint);
    }
}
