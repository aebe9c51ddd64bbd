using Tspm.Keeper.Interop;

namespace Tspm.Keeper.Children;

/// <summary>Which leaders the control loop waits for, by their pidfds.</summary>
internal sealed class LeaderWatch(RunTable runs, Epoll epoll, ulong tag)
{
    /// <summary>Waits for those that are new.</summary>
    public void Watch()
    {
        foreach (var run in runs.Runs)
        {
            if (run is { IsWatched: false, HasExited: false, ExitKnownBy: 0, PidDescriptor: >= 0 })
            {
                run.IsWatched = true;
                epoll.Add(run.PidDescriptor, Epoll.In, tag);
            }
        }
    }

    /// <summary>A pidfd stays readable after the end, and the daemon may hold it too: out of the set, then closed.</summary>
    public void LetGo()
    {
        foreach (var run in runs.Runs)
        {
            if (run.IsWatched && (run.HasExited || run.ExitKnownBy != 0))
            {
                run.IsWatched = false;
                epoll.Remove(run.PidDescriptor);
            }

            if (run.HasExited)
            {
                run.CloseInput();
            }

            if (run is { HasExited: true, PidDescriptor: >= 0 })
            {
                LibC.close(run.PidDescriptor);
                run.PidDescriptor = -1;
            }
        }
    }
}
