using System.Text;
using Tspm.Client;

// Follows one process of the home that `tspm daemon status --json` names: FollowFromCode SOCKET NAME
var options = new TspmClientOptions { SocketPath = args[0] };
await using var client = await TspmIpcClient.ConnectAsync(options);
var logs = (await client.ResolveAsync([args[1]])).Logs;
await using var follower = new LogFollower(client, logs, new LogFollowOptions { Tail = 10 });
await foreach (var told in follower.ReadAsync())
{
    Console.Write(
        told switch
        {
            LogBatch batch => Encoding.UTF8.GetString(batch.Bytes),
            LogGap gap =>
                $"-- {gap.Count} entries missing ({gap.From}..{gap.To}): {gap.Reason} --\n",
            RunChanged run => $"-- run {run.ToRun} --\n",
            ConnectionChanged connection => $"-- {(connection.IsUp ? "connected" : "lost")} --\n",
            LogEnded end => $"-- {end.Log.Name} ended: {end.Reason} --\n",
            _ => "",
        }
    );
}
