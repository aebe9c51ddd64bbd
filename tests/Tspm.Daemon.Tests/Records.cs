using Tspm.Daemon.Supervision;
using Tspm.Protocol.Messages;

namespace Tspm.Daemon.Tests;

/// <summary>Processes to test with.</summary>
internal static class Records
{
    public static ProcessRecord Named(string name, string ns = "default", uint id = 1) =>
        new()
        {
            Id = id,
            Uid = new Guid((int)id, 0, 0, new byte[8]),
            Spec = Spec("/bin/true") with { Name = name, Ns = ns },
        };

    public static ProcessSpec Spec(string program) =>
        new()
        {
            Name = "web",
            Command = [program, "--port", "80"],
            Cwd = "/srv/web",
        };
}
