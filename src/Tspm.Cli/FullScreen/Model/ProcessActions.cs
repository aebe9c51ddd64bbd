using Tspm.Cli.FullScreen.View;
using Tspm.Cli.Rendering;

namespace Tspm.Cli.FullScreen.Model;

/// <summary>Keys that do something with a process, or with a line.</summary>
internal static class ProcessActions
{
    private const int MaxCopyBytes = 64 * 1024;

    /// <summary>Does one.</summary>
    public static UiState Do(UiState state, UiAction action, List<UiEffect> effects) =>
        action switch
        {
            UiAction.Restart => Act(state, "restart", "restarting", effects),
            UiAction.Start => Act(state, "start", "starting", effects),
            UiAction.Stop => Act(state, "stop", "stopping", effects),
            UiAction.Reload => Act(state, "reload", "reloading", effects),
            UiAction.Kill when state.Current is not null => state with
            {
                Prompt = new UiPrompt(PromptKind.Kill),
            },
            UiAction.Copy => CopyLine(state, effects),
            UiAction.Pipe => state with { Prompt = new UiPrompt(PromptKind.Pipe) },
            UiAction.Palette => state with { Prompt = new UiPrompt(PromptKind.Palette) },
            _ => state,
        };

    /// <summary>Has something done with the chosen process.</summary>
    public static UiState Act(UiState state, string verb, string words, List<UiEffect> effects)
    {
        if (state.Current is not { } row)
        {
            return state;
        }

        effects.Add(new Act(verb, row.View.Id, $"{row.View.Ns}/{row.View.Name}"));
        return UiModel.Say(state, $"{words} {TerminalSanitizer.Clean(row.View.Name)} …");
    }

    private static UiState CopyLine(UiState state, List<UiEffect> effects)
    {
        if (!state.Look.HasClipboard)
        {
            return UiModel.Say(
                state,
                "copying is off: tspm ui --clipboard, or clipboard: true in the settings"
            );
        }

        if (state.Rows.Count == 0)
        {
            return state;
        }

        var view = LogViewport.Of(state);
        var text = LineLayout.PlainText(state, state.Rows[state.Follows ? view.Last : view.Cursor]);
        if (text.Length > MaxCopyBytes)
        {
            return UiModel.Say(state, "this line is too long for the clipboard", isError: true);
        }

        effects.Add(new Copy(text));
        return UiModel.Say(state, "copied");
    }
}
