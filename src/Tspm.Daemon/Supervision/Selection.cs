using Tspm.Protocol;

namespace Tspm.Daemon.Supervision;

/// <summary>The processes that selectors mean, of those that live or of those that an old home tells of.</summary>
internal static class Selection
{
    /// <summary>Chooses.</summary>
    /// <param name="all">Of these.</param>
    /// <param name="recordOf">What the list keeps of one.</param>
    /// <param name="selectors">Empty means all.</param>
    /// <param name="isChange">Something will be done to them: a name in several namespaces is refused.</param>
    /// <param name="found">In their order, each once.</param>
    /// <param name="error">Why the selectors mean nothing; null if they do.</param>
    public static bool TrySelect<T>(
        IReadOnlyList<T> all,
        Func<T, ProcessRecord> recordOf,
        IReadOnlyList<string> selectors,
        bool isChange,
        out IReadOnlyList<T> found,
        out SelectionError? error
    )
        where T : class
    {
        found = all;
        error = null;
        if (selectors.Count == 0)
        {
            return true;
        }

        var chosen = new HashSet<T>();
        foreach (var text in selectors)
        {
            if (Selector.TryParse(text, out var selector) is { } fault)
            {
                error = new SelectionError(ErrorCodes.BadRequest, fault, null);
                return false;
            }

            var matches = all.Where(one => selector.Matches(recordOf(one))).ToList();
            error =
                matches.Count == 0 && !selector.IsAll ? FindNone(text, all.Select(recordOf))
                : isChange && selector.IsExactName ? FindSeveral(text, matches.Select(recordOf))
                : null;
            if (error is not null)
            {
                return false;
            }

            chosen.UnionWith(matches);
        }

        found = [.. all.Where(chosen.Contains)];
        return true;
    }

    private static SelectionError FindNone(string text, IEnumerable<ProcessRecord> all)
    {
        var near = NearestNames.To(text, all.Select(process => process.Spec.Name));
        var hint = near.Count > 0 ? $"did you mean: {string.Join(", ", near)}?" : "see: tspm list";
        return new SelectionError(ErrorCodes.NotFound, $"no process matches \"{text}\"", hint);
    }

    private static SelectionError? FindSeveral(string text, IEnumerable<ProcessRecord> matches)
    {
        if (matches.Select(process => process.Spec.Ns).Distinct().Take(2).Count() < 2)
        {
            return null;
        }

        var names = matches.Select(process => $"{process.Spec.Ns}/{process.Spec.Name}");
        return new SelectionError(
            ErrorCodes.Conflict,
            $"\"{text}\" means several: {string.Join(", ", names)}",
            "name one as namespace/name"
        );
    }
}

/// <summary>Why selectors mean nothing.</summary>
/// <param name="Code">One of the error codes.</param>
/// <param name="Message">What.</param>
/// <param name="Hint">What to do.</param>
internal sealed record SelectionError(string Code, string Message, string? Hint);
