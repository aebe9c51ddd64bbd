using System.Text;
using Tspm.Cli.FullScreen.Keys;
using Tspm.Cli.FullScreen.View;

namespace Tspm.Cli.FullScreen.Model;

/// <summary>What is typed in the last line.</summary>
internal static class PromptActions
{
    /// <summary>Characters of a prompt at the most.</summary>
    public const int MaxText = 1_000;

    /// <summary>A key while something is typed.</summary>
    public static UiState Press(UiState state, UiPrompt prompt, UiKey key, List<UiEffect> effects)
    {
        if (key.Name is "Esc" or "Ctrl+G")
        {
            return state with { Prompt = null };
        }

        if (prompt.Kind == PromptKind.Kill)
        {
            state = state with { Prompt = null };
            return key.Name is "y" or "Y"
                ? ProcessActions.Act(state, "kill", "killing", effects)
                : UiModel.Say(state, "not killed");
        }

        return key.Name switch
        {
            "Enter" => Accept(state with { Prompt = null }, prompt, effects),
            "Backspace" when prompt.Text.Length == 0 => state with { Prompt = null },
            "Backspace" => Type(state, prompt, WithoutLast(prompt.Text)),
            "Ctrl+U" => Type(state, prompt, ""),
            "Ctrl+W" => Type(state, prompt, WithoutWord(prompt.Text)),
            "Up" => Pick(state, prompt, -1),
            "Down" => Pick(state, prompt, 1),
            "Tab" when prompt.Kind == PromptKind.Palette => Complete(state, prompt),
            _ when key.Text.Length > 0 && prompt.Text.Length + key.Text.Length <= MaxText => Type(
                state,
                prompt,
                prompt.Text + key.Text
            ),
            _ => state,
        };
    }

    private static UiState Accept(UiState state, UiPrompt prompt, List<UiEffect> effects)
    {
        if (prompt.Kind == PromptKind.Palette)
        {
            return Run(state, prompt, effects);
        }

        if (prompt.Text.Length == 0)
        {
            return state;
        }

        if (prompt.Kind == PromptKind.Pipe)
        {
            effects.Add(new RunOutside(prompt.Text, VisibleText(state), IsOwn: false));
            return state;
        }

        if (Patterns.TryMake(prompt.Text) is null)
        {
            return UiModel.Say(
                state with
                {
                    Prompt = prompt,
                },
                "not a regular expression of linear time",
                isError: true
            );
        }

        return prompt.Kind switch
        {
            PromptKind.Search => FindActions.Match(
                state with
                {
                    SearchText = prompt.Text,
                },
                // From the end one looks back.
                isForward: !state.Follows,
                effects
            ),
            PromptKind.Filter => Narrow(state, [prompt.Text], state.Selection.Exclude, effects),
            _ => Narrow(
                state,
                state.Selection.Grep,
                [.. state.Selection.Exclude.TakeLast(15), prompt.Text],
                effects
            ),
        };
    }

    private static UiState Narrow(
        UiState state,
        IReadOnlyList<string> grep,
        IReadOnlyList<string> exclude,
        List<UiEffect> effects
    ) =>
        LogModel.ShowOthers(
            state with
            {
                Selection = state.Selection with
                {
                    Grep = grep,
                    Exclude = exclude,
                    IgnoreCase = grep.Concat(exclude).All(Patterns.IgnoresCase),
                },
            },
            effects
        );

    private static UiState Run(UiState state, UiPrompt prompt, List<UiEffect> effects)
    {
        var offers = Palette.Offers(state, prompt.Text);
        var typed = prompt.Text.Trim();
        var isWhole = state.Look.Commands.Any(one =>
            typed == one.Name || typed.StartsWith(one.Name + " ", StringComparison.Ordinal)
        );
        if (!isWhole && offers.Count > 0)
        {
            // The first Enter takes the offer, the next one runs it: arguments can be typed in between.
            return Complete(state, prompt);
        }

        if (typed.Length == 0)
        {
            return state;
        }

        effects.Add(new RunOutside(typed, null, IsOwn: true));
        return state;
    }

    private static UiState Complete(UiState state, UiPrompt prompt)
    {
        var offers = Palette.Offers(state, prompt.Text);
        if (offers.Count == 0)
        {
            return state with { Prompt = prompt };
        }

        var offer = offers[Math.Clamp(prompt.Pick, 0, offers.Count - 1)];
        var takesNames = offer.Arguments.Contains("SEL", StringComparison.Ordinal);
        var name = takesNames && state.Current is { } row ? $" {row.View.Ns}/{row.View.Name}" : "";
        return state with { Prompt = prompt with { Text = $"{offer.Name}{name} ", Pick = 0 } };
    }

    private static string VisibleText(UiState state)
    {
        var text = new StringBuilder();
        var view = LogViewport.Of(state);
        for (var i = view.First; i <= view.Last; i++)
        {
            text.Append(LineLayout.PlainText(state, state.Rows[i])).Append('\n');
        }

        return text.ToString();
    }

    private static UiState Pick(UiState state, UiPrompt prompt, int step)
    {
        var count =
            prompt.Kind == PromptKind.Palette ? Palette.Offers(state, prompt.Text).Count : 0;
        return state with
        {
            Prompt = prompt with
            {
                Pick = Math.Clamp(prompt.Pick + step, 0, Math.Max(0, count - 1)),
            },
        };
    }

    private static UiState Type(UiState state, UiPrompt prompt, string text) =>
        state with
        {
            Prompt = prompt with { Text = text, Pick = 0 },
            Message = "",
        };

    private static string WithoutLast(string text) =>
        text[..^(char.IsLowSurrogate(text[^1]) && text.Length > 1 ? 2 : 1)];

    private static string WithoutWord(string text)
    {
        var end = text.TrimEnd().LastIndexOf(' ');
        return end < 0 ? "" : text[..(end + 1)];
    }
}
