using System.IO.Pipes;
using Tspm.Cli.Terminal;

namespace Tspm.Cli.Tests.Terminal;

/// <summary>The output on a real pipe: nothing is lost to a slow reader, and a reader that left is noticed.</summary>
public sealed class OutputFileTests
{
    [Fact]
    public async Task All_bytes_reach_a_reader_that_takes_them_one_pipe_at_a_time()
    {
        using var reader = new AnonymousPipeServerStream(PipeDirection.In);
        var descriptor = (int)reader.ClientSafePipeHandle.DangerousGetHandle();
        var sent = new byte[3_000_000];
        new Random(1).NextBytes(sent);
        var output = new OutputFile(descriptor, 4096);

        var writing = Task.Run(
            () =>
            {
                for (var at = 0; at < sent.Length; at += 10_007)
                {
                    output.Write(sent.AsSpan(at, Math.Min(10_007, sent.Length - at)));
                }

                output.Flush();
            },
            TestContext.Current.CancellationToken
        );
        var received = new byte[sent.Length];
        await reader.ReadExactlyAsync(received, TestContext.Current.CancellationToken);
        await writing;

        Assert.Equal(sent, received);
        Assert.Equal(sent.Length, output.WrittenBytes);
        reader.DisposeLocalCopyOfClientHandle();
    }

    [Fact]
    public void A_reader_that_left_is_told_by_an_exception()
    {
        var reader = new AnonymousPipeServerStream(PipeDirection.In);
        using var client = new AnonymousPipeClientStream(
            PipeDirection.Out,
            reader.GetClientHandleAsString()
        );
        var output = new OutputFile((int)client.SafePipeHandle.DangerousGetHandle(), 4096);
        reader.Dispose();

        Assert.Throws<OutputClosedException>(() =>
        {
            output.Write("nobody reads this\n"u8);
            output.Flush();
        });
    }
}
