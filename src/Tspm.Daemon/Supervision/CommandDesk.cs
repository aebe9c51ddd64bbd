using Tspm.Daemon.Supervision.Life;
using Tspm.Protocol.Messages;

namespace Tspm.Daemon.Supervision;

/// <summary>The commands of one process that are not answered yet; each is answered once.</summary>
/// <remarks>The supervisor's loop only.</remarks>
internal sealed class CommandDesk
{
    private readonly List<CommandMessage> _stops = [];
    private readonly List<CommandMessage> _starts = [];
    private readonly List<CommandMessage> _reloads = [];

    /// <summary>The one that is being handled; null if an event is.</summary>
    public CommandMessage? Current { get; set; }

    /// <summary>Nobody waits for an answer.</summary>
    public bool IsIdle =>
        Current is null && _stops.Count == 0 && _starts.Count == 0 && _reloads.Count == 0;

    /// <summary>What an answer is waited for with.</summary>
    public static TaskCompletionSource<ActionResult> NewAnswer() =>
        new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Does an action if it is one of commands.</summary>
    /// <param name="action">The action.</param>
    /// <param name="result">Makes an answer of an error code and a text.</param>
    public bool TryDo(LifeAction action, Func<string?, string, ActionResult> result)
    {
        switch (action)
        {
            case Answer answer:
                Current?.Done.TrySetResult(result(answer.Error, answer.Message));
                return true;
            case KeepForStop:
                Keep(_stops);
                return true;
            case KeepForStart:
                Keep(_starts);
                return true;
            case KeepForReload:
                Keep(_reloads);
                return true;
            case AnswerStops answer:
                AnswerEach(_stops, () => result(answer.Error, answer.Message));
                return true;
            case AnswerStarts answer:
                AnswerEach(_starts, () => result(answer.Error, answer.Message));
                return true;
            case AnswerReload answer:
                AnswerEach(_reloads, () => result(answer.Error, answer.Message));
                return true;
            default:
                return false;
        }
    }

    /// <summary>Answers everybody: there is nobody left to do it.</summary>
    public void AnswerAll(ActionResult result)
    {
        Current?.Done.TrySetResult(result);
        AnswerEach(_stops, () => result);
        AnswerEach(_starts, () => result);
        AnswerEach(_reloads, () => result);
    }

    /// <summary>Answers a message that nobody will handle any more.</summary>
    public static void Refuse(SupervisorMessage message, ActionResult result)
    {
        switch (message)
        {
            case CommandMessage command:
                command.Done.TrySetResult(result);
                break;
            case EditMessage edit:
                edit.Done.TrySetResult(result);
                break;
            default:
                // Nobody waits for the others.
                break;
        }
    }

    private void Keep(List<CommandMessage> list)
    {
        if (Current is { } command)
        {
            list.Add(command);
        }
    }

    private static void AnswerEach(List<CommandMessage> list, Func<ActionResult> result)
    {
        if (list.Count == 0)
        {
            return;
        }

        var told = result();
        foreach (var command in list)
        {
            command.Done.TrySetResult(told);
        }

        list.Clear();
    }
}
