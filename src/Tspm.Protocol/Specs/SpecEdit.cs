using System.Globalization;
using Tspm.Protocol.Messages;

namespace Tspm.Protocol.Specs;

/// <summary>Settings of a process by key and text: the same for the options of start and for <c>set</c>.</summary>
public static class SpecEdit
{
    private static readonly string[] YesOrNo = ["yes", "no"];

    private delegate string? Setter(ref ProcessSpec spec, string text);

    private static readonly Dictionary<string, Setter> Setters = new(StringComparer.Ordinal)
    {
        ["restart"] = SetPolicy,
        ["max-restarts"] = (ref spec, text) =>
            SetNumber(text, 0, 1_000_000, out var n)
            ?? Restart(ref spec, r => r with { MaxRestarts = (int)n }),
        ["restart-within"] = (ref spec, text) =>
            SetTime(text, out var ms) ?? Restart(ref spec, r => r with { WithinMs = ms }),
        ["restart-delay"] = (ref spec, text) =>
            SetTime(text, out var ms) ?? Restart(ref spec, r => r with { PauseMs = ms }),
        ["min-uptime"] = (ref spec, text) =>
            SetTime(text, out var ms) ?? Restart(ref spec, r => r with { MinUptimeMs = ms }),
        ["backoff"] = (ref spec, text) =>
            SetTime(text, out var ms) ?? Restart(ref spec, r => r with { InitialDelayMs = ms }),
        ["backoff-max"] = (ref spec, text) =>
            SetTime(text, out var ms) ?? Restart(ref spec, r => r with { MaxDelayMs = ms }),
        ["backoff-factor"] = (ref spec, text) =>
            SetFactor(text, out var factor) ?? Restart(ref spec, r => r with { Factor = factor }),
        ["success-codes"] = (ref spec, text) =>
            SetCodes(text, out var codes)
            ?? Restart(ref spec, r => r with { SuccessCodes = codes }),
        ["stop-codes"] = (ref spec, text) =>
            SetCodes(text, out var codes) ?? Restart(ref spec, r => r with { StopCodes = codes }),
        ["stop-signal"] = SetSignals,
        ["stop-timeout"] = (ref spec, text) =>
            SetTime(text, out var ms) ?? Stop(ref spec, s => s with { TimeoutMs = ms }),
        ["stop-scope"] = (ref spec, text) =>
            SetWord(text, StopScopes.All) ?? Stop(ref spec, s => s with { Scope = text }),
        ["stop-command"] = (ref spec, text) =>
            Stop(
                ref spec,
                s => s with { Command = text.Length == 0 ? [] : ["/bin/sh", "-c", text] }
            ),
        ["ready"] = (ref spec, text) =>
            Change(ref spec, s => s with { Ready = CheckOf(s.Ready, text) }),
        ["ready-timeout"] = (ref spec, text) =>
            SetTime(text, out var ms) ?? Ready(ref spec, r => r with { DeadlineMs = ms }),
        ["ready-interval"] = (ref spec, text) =>
            SetTime(text, out var ms) ?? Ready(ref spec, r => r with { EveryMs = ms }),
        ["ready-delay"] = (ref spec, text) =>
            SetTime(text, out var ms) ?? Ready(ref spec, r => r with { DelayMs = ms }),
        ["health"] = (ref spec, text) =>
            Change(ref spec, s => s with { Health = CheckOf(s.Health, text) }),
        ["health-interval"] = (ref spec, text) =>
            SetTime(text, out var ms) ?? Health(ref spec, h => h with { EveryMs = ms }),
        ["health-timeout"] = (ref spec, text) =>
            SetTime(text, out var ms) ?? Health(ref spec, h => h with { TimeoutMs = ms }),
        ["health-delay"] = (ref spec, text) =>
            SetTime(text, out var ms) ?? Health(ref spec, h => h with { DelayMs = ms }),
        ["health-failures"] = (ref spec, text) =>
            SetNumber(text, 1, 1000, out var n)
            ?? Health(ref spec, h => h with { Failures = (int)n }),
        ["health-successes"] = (ref spec, text) =>
            SetNumber(text, 1, 1000, out var n)
            ?? Health(ref spec, h => h with { Successes = (int)n }),
        ["health-action"] = (ref spec, text) =>
            SetWord(text, HealthActions.All) ?? Health(ref spec, h => h with { Action = text }),
        ["depends-on"] = SetDependencies,
        ["max-memory"] = (ref spec, text) =>
            SetSize(text, out var bytes) ?? Limit(ref spec, l => l with { MaxMemoryBytes = bytes }),
        ["nice"] = (ref spec, text) =>
            SetSigned(text, -20, 19, out var n) ?? Limit(ref spec, l => l with { Nice = n }),
        ["oom-score"] = (ref spec, text) =>
            SetSigned(text, -1000, 1000, out var n)
            ?? Limit(ref spec, l => l with { OomScore = n }),
        ["umask"] = SetUmask,
        ["no-new-privs"] = (ref spec, text) =>
            SetSwitch(text, out var isOn)
            ?? Limit(ref spec, l => l with { NoNewPrivileges = isOn }),
        ["history"] = (ref spec, text) =>
            SetSwitch(text, out var isOn) ?? Limit(ref spec, l => l with { KeepsHistory = isOn }),
        ["stdin"] = (ref spec, text) =>
            SetWord(text, YesOrNo) ?? Change(ref spec, s => s with { Stdin = text == "yes" }),
        ["watch"] = SetWatch,
        ["watch-ignore"] = (ref spec, text) =>
            Watch(ref spec, w => w with { Ignore = Words(text) }),
        ["watch-debounce"] = (ref spec, text) =>
            SetTime(text, out var ms) ?? Watch(ref spec, w => w with { DebounceMs = ms }),
        ["watch-gitignore"] = (ref spec, text) =>
            SetWord(text, YesOrNo) ?? Watch(ref spec, w => w with { GitIgnore = text == "yes" }),
        ["schedule"] = (ref spec, text) =>
            Change(ref spec, s => s with { Schedule = ScheduleOf(s.Schedule, text) }),
        ["schedule-action"] = (ref spec, text) =>
            SetWord(text, ScheduleActions.All) ?? Schedule(ref spec, s => s with { Action = text }),
        ["schedule-missed"] = (ref spec, text) =>
            SetWord(text, MissedActions.All) ?? Schedule(ref spec, s => s with { Missed = text }),
        ["schedule-zone"] = (ref spec, text) =>
            Schedule(ref spec, s => s with { Zone = text.Length > 0 ? text : null }),
        ["secrets"] = (ref spec, text) => Change(ref spec, s => s with { Secrets = Words(text) }),
        ["redact"] = (ref spec, text) =>
            Change(ref spec, s => s with { Redact = text.Length > 0 ? [text] : [] }),
        ["redact+"] = (ref spec, text) =>
            Change(ref spec, s => s with { Redact = [.. s.Redact, text] }),
        ["cwd"] = (ref spec, text) =>
            text.StartsWith('/')
                ? Change(ref spec, s => s with { Cwd = text })
                : $"\"{text}\" is not an absolute directory",
    };

    /// <summary>The keys, those of open families without their end.</summary>
    public static IReadOnlyList<string> Keys { get; } =
    [.. Setters.Keys, "namespace", "env.NAME", "label.NAME", "limit.NAME", "hook.NAME"];

    /// <summary>The keys that hold at once; every other holds from the next start on.</summary>
    public static bool HoldsAtOnce(string key) =>
        key.StartsWith("restart", StringComparison.Ordinal)
        || key.StartsWith("backoff", StringComparison.Ordinal)
        || key.StartsWith("stop-", StringComparison.Ordinal)
        || key.StartsWith("label.", StringComparison.Ordinal)
        || key.StartsWith("hook.", StringComparison.Ordinal)
        || key.StartsWith("watch", StringComparison.Ordinal)
        || key.StartsWith("schedule", StringComparison.Ordinal)
        || key.StartsWith("redact", StringComparison.Ordinal)
        || key
            is "max-restarts"
                or "min-uptime"
                or "success-codes"
                or "max-memory"
                or "history"
                or "secrets";

    /// <summary>Changes one setting.</summary>
    /// <returns>Null if it was changed; else what is wrong, with the value and what is allowed.</returns>
    public static string? TryApply(ref ProcessSpec spec, string key, string text)
    {
        if (Setters.TryGetValue(key, out var setter))
        {
            return setter(ref spec, text) is { } fault ? $"{key}: {fault}" : null;
        }

        var dot = key.IndexOf('.', StringComparison.Ordinal);
        var (family, name) = dot < 0 ? (key, "") : (key[..dot], key[(dot + 1)..]);
        switch (family)
        {
            case "env" when name.Length > 0:
                spec = spec with
                {
                    Env = Replace(spec.Env, name, text),
                    Inherited = [.. spec.Inherited.Where(one => one != name)],
                };
                return null;
            case "hook" when name.Length > 0:
                return SetHook(ref spec, name, text);
            case "limit" when name.Length > 0:
                var limits = spec.Limits ?? new LimitSpec();
                if (LimitText.TrySet(ref limits, name, text) is { } wrong)
                {
                    return $"limit {name}: {wrong}";
                }

                return Limit(ref spec, _ => limits);
            case "label" when name.Length > 0:
                var labels = Replace(spec.Labels, name, text.Length > 0 ? text : null);
                spec = spec with { Labels = labels };
                return null;
            default:
                var near = NearestNames.To(key, Setters.Keys);
                return $"\"{key}\" is no setting"
                    + (
                        near.Count > 0
                            ? $"; did you mean {near[0]}?"
                            : $": {string.Join(", ", Keys)}"
                    );
        }
    }

    private static string? Change(ref ProcessSpec spec, Func<ProcessSpec, ProcessSpec> change)
    {
        spec = change(spec);
        return null;
    }

    private static string? Restart(ref ProcessSpec spec, Func<RestartSpec, RestartSpec> change) =>
        Change(ref spec, s => s with { Restart = change(s.Restart) });

    private static string? Stop(ref ProcessSpec spec, Func<StopSpec, StopSpec> change) =>
        Change(ref spec, s => s with { Stop = change(s.Stop) });

    private static string? Ready(ref ProcessSpec spec, Func<ProbeSpec, ProbeSpec> change) =>
        spec.Ready is { } ready
            ? Change(ref spec, s => s with { Ready = change(ready) })
            : "there is no readiness check; set ready first";

    private static string? Health(ref ProcessSpec spec, Func<ProbeSpec, ProbeSpec> change) =>
        spec.Health is { } health
            ? Change(ref spec, s => s with { Health = change(health) })
            : "there is no health check; set health first";

    private static string? Limit(ref ProcessSpec spec, Func<LimitSpec, LimitSpec> change)
    {
        var limits = change(spec.Limits ?? new LimitSpec());
        return Change(
            ref spec,
            s => s with { Limits = LimitText.Describe(limits).Count > 0 ? limits : null }
        );
    }

    private static string? SetHook(ref ProcessSpec spec, string name, string text)
    {
        var kept = spec.Hooks.Where(hook => hook.Name != name).ToList();
        if (text.Length > 0)
        {
            if (HookText.TryParse(name, text, out var hook) is { } fault)
            {
                return $"hook {name}: {fault}";
            }

            kept.Add(hook);
        }

        return kept.Count > HookSpec.MaxHooks
            ? $"hook {name}: {kept.Count} hooks are more than {HookSpec.MaxHooks}"
            : Change(ref spec, s => s with { Hooks = kept });
    }

    private static string? SetSize(string text, out long bytes)
    {
        const long least = 1024 * 1024;
        bytes = 0;
        return text.Length == 0 || (SizeText.TryParse(text, out bytes) && bytes is 0 or >= least)
            ? null
            : $"\"{text}\" is not a size from 1M, such as 512M or 1.5G";
    }

    private static string? SetSigned(string text, int least, int most, out int? number)
    {
        number = null;
        if (text.Length == 0)
        {
            return null;
        }

        number = int.TryParse(
            text,
            NumberStyles.AllowLeadingSign,
            CultureInfo.InvariantCulture,
            out var read
        )
            ? read
            : null;
        return number is { } n && n >= least && n <= most
            ? null
            : $"\"{text}\" is not a whole number from {least} to {most}";
    }

    private static string? SetSwitch(string text, out bool isOn)
    {
        isOn = text is "on" or "true" or "yes" or "1";
        return isOn || text is "off" or "false" or "no" or "0" or ""
            ? null
            : $"\"{text}\" is not one of on, off";
    }

    private static string? SetUmask(ref ProcessSpec spec, string text)
    {
        const uint most = 0x1FF;
        const int octal = 8;
        uint mask = 0;
        var isOctal = text.Length is > 0 and <= 4;
        foreach (var digit in text)
        {
            isOctal &= digit is >= '0' and <= '7';
            mask = (mask * octal) + (uint)(digit - '0');
        }

        return isOctal && mask <= most
            ? Change(ref spec, s => s with { Umask = mask })
            : $"\"{text}\" is not a file mode mask from 0 to 777";
    }

    private static string? Watch(ref ProcessSpec spec, Func<WatchSpec, WatchSpec> change) =>
        spec.Watch is { } watch
            ? Change(ref spec, s => s with { Watch = change(watch) })
            : "nothing is watched; set watch first";

    private static string? Schedule(
        ref ProcessSpec spec,
        Func<ScheduleSpec, ScheduleSpec> change
    ) =>
        spec.Schedule is { } schedule
            ? Change(ref spec, s => s with { Schedule = change(schedule) })
            : "there is no schedule; set schedule first";

    private static string? SetWatch(ref ProcessSpec spec, string text)
    {
        var cwd = spec.Cwd;
        var paths = Words(text).Select(path => Path.GetFullPath(path, cwd)).ToList();
        var watch =
            paths.Count == 0 ? null
            : spec.Watch is { } old ? old with { Paths = paths }
            : new WatchSpec { Paths = paths };
        return Change(ref spec, s => s with { Watch = watch });
    }

    private static ScheduleSpec? ScheduleOf(ScheduleSpec? old, string text) =>
        text.Length == 0 ? null
        : old is null ? new ScheduleSpec { Cron = text }
        : old with { Cron = text };

    private static string[] Words(string text) =>
        text.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);

    private static ProbeSpec? CheckOf(ProbeSpec? old, string text) =>
        text.Length == 0 ? null
        : old is null ? new ProbeSpec { Check = text }
        : old with { Check = text };

    private static string? SetPolicy(ref ProcessSpec spec, string text) =>
        SetWord(text, RestartPolicies.All) ?? Restart(ref spec, r => r with { Policy = text });

    private static string? SetSignals(ref ProcessSpec spec, string text)
    {
        var numbers = new List<int>();
        foreach (var word in text.Split(','))
        {
            if (!SignalText.TryParse(word, out var number))
            {
                return $"\"{word}\" is not a signal: a name such as TERM, or 1 to 64";
            }

            numbers.Add(number);
        }

        return numbers.Count > StopSpec.MaxSignals
            ? $"{numbers.Count} signals are more than {StopSpec.MaxSignals}"
            : Stop(
                ref spec,
                s => s with { Signal = numbers[0], MoreSignals = [.. numbers.Skip(1)] }
            );
    }

    private static string? SetDependencies(ref ProcessSpec spec, string text)
    {
        var found = new List<DependencySpec>();
        foreach (var word in text.Split(',', StringSplitOptions.RemoveEmptyEntries))
        {
            var colon = word.IndexOf(':', StringComparison.Ordinal);
            var (name, condition) =
                colon < 0
                    ? (word, DependencyConditions.Started)
                    : (word[..colon], word[(colon + 1)..]);
            if (SetWord(condition, DependencyConditions.All) is { } fault)
            {
                return fault;
            }

            found.Add(new DependencySpec(name, condition));
        }

        return Change(ref spec, s => s with { DependsOn = found });
    }

    private static string? SetWord(string text, IReadOnlyList<string> words) =>
        words.Contains(text) ? null : $"\"{text}\" is not one of {string.Join(", ", words)}";

    private static string? SetNumber(string text, long least, long most, out long number) =>
        long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out number)
        && number >= least
        && number <= most
            ? null
            : $"\"{text}\" is not a whole number from {least} to {most}";

    private static string? SetFactor(string text, out double factor) =>
        double.TryParse(
            text,
            NumberStyles.AllowDecimalPoint,
            CultureInfo.InvariantCulture,
            out factor
        ) && factor is >= 1 and <= 100
            ? null
            : $"\"{text}\" is not a number from 1 to 100";

    private static string? SetTime(string text, out int milliseconds) =>
        DurationText.TryParse(text, out milliseconds)
            ? null
            : $"\"{text}\" is not a duration up to 24 days, such as 500ms, 10s, 2m";

    private static string? SetCodes(string text, out List<int> codes)
    {
        codes = [];
        foreach (var word in text.Split(',', StringSplitOptions.RemoveEmptyEntries))
        {
            if (SetNumber(word, 0, 255, out var code) is { } fault)
            {
                return fault;
            }

            codes.Add((int)code);
        }

        return null;
    }

    private static List<string> Replace(IReadOnlyList<string> all, string name, string? value)
    {
        var start = name + "=";
        var kept = all.Where(one => !one.StartsWith(start, StringComparison.Ordinal)).ToList();
        if (value is not null)
        {
            kept.Add(start + value);
        }

        return kept;
    }
}
