using Tspm.Protocol.Messages;

namespace Tspm.Protocol.Specs;

/// <summary>Hooks as text: <c>failed,limit=http://127.0.0.1:9000/hook</c>, <c>all=exec:./tell.sh</c>.</summary>
public static class HookText
{
    private const int MaxLength = 4096;
    private const string Exec = "exec:";
    private const string Http = "http://";

    /// <summary>Reads a hook.</summary>
    /// <returns>Null if it is one; else what is wrong.</returns>
    public static string? TryParse(string name, string text, out HookSpec hook)
    {
        ArgumentNullException.ThrowIfNull(text);
        hook = new HookSpec { Name = name, On = [] };
        var equals = text.IndexOf('=', StringComparison.Ordinal);
        if (equals <= 0)
        {
            return $"\"{text}\" is not EVENT,…=http://HOST:PORT/PATH or EVENT,…=exec:LINE";
        }

        var target = text[(equals + 1)..];
        var events = text[..equals].Split(',', StringSplitOptions.RemoveEmptyEntries);
        hook = target.StartsWith(Exec, StringComparison.Ordinal)
            ? hook with
            {
                On = events,
                Command = ["/bin/sh", "-c", target[Exec.Length..]],
            }
            : hook with
            {
                On = events,
                Url = target,
            };
        return FindFault(hook);
    }

    /// <summary>What is wrong with a hook, with value and range; null if nothing is.</summary>
    public static string? FindFault(HookSpec hook)
    {
        ArgumentNullException.ThrowIfNull(hook);
        if (hook.On.Count == 0)
        {
            return $"hook {hook.Name} names no event";
        }

        foreach (var one in hook.On)
        {
            if (one != HookSpec.AllEvents && !LogEvents.All.Contains(one))
            {
                var near = NearestNames.To(one, LogEvents.All);
                return $"\"{one}\" is no event"
                    + (
                        near.Count > 0
                            ? $"; did you mean {near[0]}?"
                            : $": all, {string.Join(", ", LogEvents.All)}"
                    );
            }
        }

        return hook.Url is { } url ? FindUrlFault(url)
            : hook.Command.Count == 0 ? $"hook {hook.Name} has neither a URL nor a command"
            : !hook.Command[0].StartsWith('/')
                ? $"the command \"{hook.Command[0]}\" of hook {hook.Name} is not an absolute path"
            : hook.TimeoutMs is < 1 or > 600_000
                ? $"a time-out of {hook.TimeoutMs} ms is not within 1 ms to 10 m"
            : hook.Tries is < 1 or > 10 ? $"{hook.Tries} tries are not within 1 to 10"
            : null;
    }

    private static string? FindUrlFault(string url) =>
        url.Length > MaxLength ? $"a URL of {url.Length} characters is longer than {MaxLength}"
        : url.StartsWith("https:", StringComparison.Ordinal)
            ? "https cannot be spoken here; use exec: with a program that can, such as curl"
        : !url.StartsWith(Http, StringComparison.Ordinal)
        || !Uri.TryCreate(url, UriKind.Absolute, out var read)
        || read.Host.Length == 0
            ? $"\"{url}\" is not http://HOST:PORT/PATH"
        : read.UserInfo.Length > 0 ? "a URL with a password in it is shown to all; it is refused"
        : null;
}
