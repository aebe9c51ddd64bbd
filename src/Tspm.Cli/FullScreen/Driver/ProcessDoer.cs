using Tspm.Cli.FullScreen.Model;
using Tspm.Client;
using Tspm.Protocol.Messages;

namespace Tspm.Cli.FullScreen.Driver;

/// <summary>Has the daemon start, stop, restart, reload or kill a process.</summary>
internal static class ProcessDoer
{
    private const int Kill = 9;

    /// <summary>Does it; what became of it, in words.</summary>
    /// <exception cref="TspmException">The daemon refused or is gone.</exception>
    public static async Task<Told> DoAsync(TspmIpcClient client, Act act, CancellationToken ct)
    {
        string[] select = [act.Id.ToString()];
        var reply = act.Verb switch
        {
            "start" => await client.StartAsync(new StartRequest { Select = select }, ct),
            "stop" => await client.StopAsync(new StopRequest { Select = select }, ct),
            "restart" => await client.RestartAsync(select, ct),
            "reload" => await client.ReloadAsync(new RestartRequest { Select = select }, ct),
            _ => await client.SignalAsync(
                new SignalRequest
                {
                    Select = select,
                    Signal = Kill,
                    Group = true,
                },
                ct
            ),
        };
        var result = reply.Results.Count > 0 ? reply.Results[0] : null;
        var text = result?.Message ?? result?.Error ?? act.Verb;
        var hint = result is { Error: not null, Hint: { } advice } ? $" ({advice})" : "";
        return new Told($"{result?.Name ?? act.Name}: {text}{hint}", result?.Error is not null);
    }
}
