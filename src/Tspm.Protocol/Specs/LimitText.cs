using System.Globalization;
using Tspm.Protocol.Messages;

namespace Tspm.Protocol.Specs;

/// <summary>Limits by name and text: those of the kernel for one program, and those of a control group.</summary>
public static class LimitText
{
    /// <summary>No limit.</summary>
    public const string Unlimited = "unlimited";

    private const long KiB = 1024;
    private const long MostBytes = 1L << 60;
    private const int MostCpu = 100_000;

    // The numbers are the kernel's, the same on x64 and arm64.
    private static readonly Dictionary<string, Kind> Kinds = new(StringComparer.Ordinal)
    {
        ["cpu"] = new(0, 1, int.MaxValue, IsSize: false), // seconds
        ["fsize"] = new(1, 0, MostBytes, IsSize: true),
        ["data"] = new(2, 64 * KiB, MostBytes, IsSize: true),
        ["stack"] = new(3, 64 * KiB, MostBytes, IsSize: true),
        ["core"] = new(4, 0, MostBytes, IsSize: true),
        ["nproc"] = new(6, 1, 4_194_304, IsSize: false),
        ["nofile"] = new(7, 3, 1_048_576, IsSize: false),
        ["memlock"] = new(8, 0, MostBytes, IsSize: true),
        ["as"] = new(9, KiB * KiB, MostBytes, IsSize: true),
        ["sigpending"] = new(11, 0, 4_194_304, IsSize: false),
        ["rtprio"] = new(14, 0, 99, IsSize: false),
    };

    private static readonly string[] Groups = ["cgroup-memory", "cgroup-cpu", "cgroup-pids"];

    /// <summary>All names.</summary>
    public static IReadOnlyList<string> Names { get; } = [.. Kinds.Keys, .. Groups];

    /// <summary>The kernel's number of a limit; −1 if there is none of that name.</summary>
    public static int NumberOf(string name) =>
        Kinds.TryGetValue(name, out var kind) ? kind.Number : -1;

    /// <summary>Sets or, with an empty text, removes a limit.</summary>
    /// <returns>Null if it was done; else what is wrong, with the value and the range.</returns>
    public static string? TrySet(ref LimitSpec limits, string name, string text)
    {
        ArgumentNullException.ThrowIfNull(limits);
        ArgumentNullException.ThrowIfNull(text);
        if (Groups.Contains(name))
        {
            return SetGroup(ref limits, name, text);
        }

        if (!Kinds.TryGetValue(name, out var kind))
        {
            return $"\"{name}\" is not one of {string.Join(", ", Names)}";
        }

        var kept = limits.Kernel.Where(one => one.Name != name).ToList();
        if (text.Length > 0)
        {
            var words = text.Split(':');
            if (
                words.Length > 2
                || !TryRead(words[0], kind, out var soft)
                || !TryRead(words[^1], kind, out var hard)
            )
            {
                return $"\"{text}\" is not within {RangeOf(kind)}";
            }

            kept.Add(new ResourceLimit(name, soft, hard));
        }

        limits = limits with { Kernel = kept };
        return FindFault(limits);
    }

    /// <summary>What is wrong with limits, with value and range; null if nothing is.</summary>
    public static string? FindFault(LimitSpec limits)
    {
        ArgumentNullException.ThrowIfNull(limits);
        foreach (var one in limits.Kernel)
        {
            if (!Kinds.TryGetValue(one.Name, out var kind))
            {
                return $"limit \"{one.Name}\" is not one of {string.Join(", ", Kinds.Keys)}";
            }

            if (!IsWithin(one.Soft, kind) || !IsWithin(one.Hard, kind))
            {
                return $"limit {one.Name} of {Format(one)} is not within {RangeOf(kind)}";
            }

            if (one.Hard >= 0 && (one.Soft < 0 || one.Soft > one.Hard))
            {
                return $"limit {one.Name}: {Word(one.Soft)} is more than its hard limit {Word(one.Hard)}";
            }
        }

        return limits.MaxMemoryBytes is not 0 and (< 1024 * 1024 or > MostBytes)
                ? $"a memory limit of {limits.MaxMemoryBytes} bytes is not within 1M to 1048576T"
            : limits.Nice is < -20 or > 19 ? $"nice {limits.Nice} is not within -20 to 19"
            : limits.OomScore is < -1000 or > 1000
                ? $"oom score {limits.OomScore} is not within -1000 to 1000"
            : limits.CgroupMemoryBytes is not 0 and (< 1024 * 1024 or > MostBytes)
                ? $"limit cgroup-memory of {limits.CgroupMemoryBytes} is not within 1M to 1048576T"
            : limits.CgroupCpuPercent is < 0 or > MostCpu
                ? $"limit cgroup-cpu of {limits.CgroupCpuPercent}% is not within 1% to {MostCpu}%"
            : limits.CgroupPrograms is < 0 or > 4_194_304
                ? $"limit cgroup-pids of {limits.CgroupPrograms} is not within 1 to 4194304"
            : null;
    }

    /// <summary>A limit of the kernel as it is given: <c>nofile=1024:4096</c>.</summary>
    public static string Format(ResourceLimit limit)
    {
        ArgumentNullException.ThrowIfNull(limit);
        return limit.Soft == limit.Hard
            ? $"{limit.Name}={Word(limit.Soft)}"
            : $"{limit.Name}={Word(limit.Soft)}:{Word(limit.Hard)}";
    }

    /// <summary>All that is limited, one word each, for people.</summary>
    public static IReadOnlyList<string> Describe(LimitSpec limits)
    {
        ArgumentNullException.ThrowIfNull(limits);
        var words = new List<string>();
        void Add(bool isSet, string word)
        {
            if (isSet)
            {
                words.Add(word);
            }
        }

        Add(limits.MaxMemoryBytes > 0, $"max-memory={SizeText.Format(limits.MaxMemoryBytes)}");
        words.AddRange(limits.Kernel.Select(Format));
        Add(limits.Nice is not null, $"nice={limits.Nice}");
        Add(limits.OomScore is not null, $"oom-score={limits.OomScore}");
        Add(limits.NoNewPrivileges, "no-new-privs");
        words.AddRange(DescribeGroup(limits));
        Add(limits.KeepsHistory, "history");
        return words;
    }

    /// <summary>What of it a control group would have to do.</summary>
    public static IReadOnlyList<string> DescribeGroup(LimitSpec limits)
    {
        ArgumentNullException.ThrowIfNull(limits);
        var words = new List<string>();
        if (limits.CgroupMemoryBytes > 0)
        {
            words.Add($"cgroup-memory={SizeText.Format(limits.CgroupMemoryBytes)}");
        }

        if (limits.CgroupCpuPercent > 0)
        {
            words.Add($"cgroup-cpu={limits.CgroupCpuPercent}%");
        }

        if (limits.CgroupPrograms > 0)
        {
            words.Add($"cgroup-pids={limits.CgroupPrograms}");
        }

        return words;
    }

    private static string? SetGroup(ref LimitSpec limits, string name, string text)
    {
        switch (name)
        {
            case "cgroup-memory" when TryGroup(text, SizeText.TryParse, 1024 * 1024, out var bytes):
                limits = limits with { CgroupMemoryBytes = bytes };
                return null;
            case "cgroup-memory":
                return $"\"{text}\" is not within 1M to 1048576T";
            case "cgroup-cpu"
                when TryGroup(text.TrimEnd('%'), TryNumber, 1, out var percent)
                    && percent <= MostCpu:
                limits = limits with { CgroupCpuPercent = (int)percent };
                return null;
            case "cgroup-cpu":
                return $"\"{text}\" is not within 1% to {MostCpu}%";
            default:
                if (!TryGroup(text, TryNumber, 1, out var programs) || programs > 4_194_304)
                {
                    return $"\"{text}\" is not within 1 to 4194304";
                }

                limits = limits with { CgroupPrograms = (int)programs };
                return null;
        }
    }

    private static bool TryGroup(string text, Reader read, long least, out long value)
    {
        value = 0;
        return text.Length == 0 || (read(text, out value) && value >= least);
    }

    private static bool TryNumber(string text, out long value) =>
        long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out value);

    private static bool TryRead(string text, in Kind kind, out long value)
    {
        if (text == Unlimited)
        {
            value = -1;
            return true;
        }

        return (kind.IsSize ? SizeText.TryParse(text, out value) : TryNumber(text, out value))
            && value >= 0
            && IsWithin(value, kind);
    }

    private static bool IsWithin(long value, in Kind kind) =>
        value == -1 || (value >= kind.Least && value <= kind.Most);

    private static string Word(long value) =>
        value < 0 ? Unlimited : value.ToString(CultureInfo.InvariantCulture);

    private static string RangeOf(in Kind kind) =>
        kind.IsSize
            ? $"{SizeText.Format(kind.Least)} to {SizeText.Format(kind.Most)}, or {Unlimited}"
            : $"{kind.Least} to {kind.Most}, or {Unlimited}";

    private delegate bool Reader(string text, out long value);

    private readonly record struct Kind(int Number, long Least, long Most, bool IsSize);
}
