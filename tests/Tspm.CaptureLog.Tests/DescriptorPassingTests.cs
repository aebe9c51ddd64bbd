using System.Net.Sockets;
using Tspm.CaptureLog.Control;

namespace Tspm.CaptureLog.Tests;

/// <summary>Descriptors come with the bytes they were sent with.</summary>
public sealed class DescriptorPassingTests : IDisposable
{
    private readonly string _path = Path.Join(
        Path.GetTempPath(),
        $"dp{Random.Shared.NextInt64():x}"
    );
    private readonly Socket _left = New();
    private readonly Socket _right;

    public DescriptorPassingTests()
    {
        using var listener = New();
        listener.Bind(new UnixDomainSocketEndPoint(_path));
        listener.Listen();
        _left.Connect(new UnixDomainSocketEndPoint(_path));
        _right = listener.Accept();
    }

    [Fact]
    public void A_descriptor_that_was_sent_is_the_same_file_on_the_other_side()
    {
        using var file = File.OpenHandle("/proc/self/stat");
        var came = new Queue<int>();
        var bytes = new byte[64];

        Assert.True(DescriptorPassing.TrySend(Handle(_left), "plain"u8));
        Assert.True(
            DescriptorPassing.TrySend(
                Handle(_left),
                "with"u8,
                [(int)file.DangerousGetHandle(), (int)file.DangerousGetHandle()]
            )
        );
        var length = 0;
        while (length < 9)
        {
            length += DescriptorPassing.Receive(Handle(_right), bytes.AsSpan(length), came);
        }

        Assert.Equal("plainwith"u8.ToArray(), bytes[..length]);
        Assert.Equal(2, came.Count);
        foreach (var descriptor in came)
        {
            using var handle = new Microsoft.Win32.SafeHandles.SafeFileHandle(descriptor, true);
            Assert.Equal(
                $"/proc/{Environment.ProcessId}/stat",
                File.ResolveLinkTarget($"/proc/self/fd/{descriptor}", false)?.FullName
            );
        }
    }

    [Fact]
    public void Nothing_there_and_nobody_there_are_told_apart()
    {
        var came = new Queue<int>();
        var bytes = new byte[8];

        Assert.Equal(0, DescriptorPassing.Receive(Handle(_right), bytes, came));
        _left.Dispose();

        Assert.Equal(-1, DescriptorPassing.Receive(Handle(_right), bytes, came));
        Assert.False(DescriptorPassing.TrySend(Handle(_right), bytes));
    }

    public void Dispose()
    {
        _left.Dispose();
        _right.Dispose();
        File.Delete(_path);
    }

    private static Socket New() =>
        new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);

    private static int Handle(Socket socket) => (int)socket.Handle;
}
