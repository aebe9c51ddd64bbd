using Tspm.CaptureLog.Control;
using Tspm.Keeper.Children;
using Tspm.Keeper.Interop;

namespace Tspm.Keeper.Control;

/// <summary>Takes orders to spawn; an order whose run was started before is answered and not carried out again.</summary>
/// <remarks>Control thread only.</remarks>
internal sealed class SpawnDesk(RunTable runs, Spawner spawner, KeeperLog log)
{
    private const uint OtherStage = 5;

    /// <summary>Carries an order out.</summary>
    /// <param name="body">The order.</param>
    /// <param name="send">Gives the daemon what it must hold: the outputs before the program lives, the leader after.</param>
    public SpawnAnswer Spawn(ReadOnlySpan<byte> body, RunHolds.Sender send)
    {
        if (SpawnOrder.Decode(body) is not { } order)
        {
            return new SpawnAnswer(LibC.Invalid, OtherStage, 0, 0);
        }

        if (runs.WasStarted(order.Process, order.Run, out var known))
        {
            // From a daemon that did not get its answer.
            return new SpawnAnswer(0, 0, (uint)known.Pid, known.StartTime);
        }

        try
        {
            var answer = spawner.Spawn(
                order,
                runs.ProcessOf(order.Process),
                prepared => RunHolds.LendOutputs(prepared, send),
                out var run
            );
            if (run is not null)
            {
                run.PidDescriptor = LibC.OpenProcess(run.Pid);
                runs.Add(run);
                RunHolds.LendLeader(run, send);
            }

            return answer;
        }
        catch (IOException refused)
        {
            log.Write(1002, $"process {order.Process}: {refused.Message}");
            return new SpawnAnswer(LibC.InputOutput, OtherStage, 0, 0);
        }
    }
}
