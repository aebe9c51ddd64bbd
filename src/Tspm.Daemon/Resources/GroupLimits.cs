using System.Globalization;
using Tspm.Protocol.Messages;

namespace Tspm.Daemon.Resources;

/// <summary>What is written into the files of a control group for its limits.</summary>
internal static class GroupLimits
{
    private const int PeriodMicroseconds = 100_000;
    private const int Percent = 100;

    /// <summary>The files and what goes into each.</summary>
    public static IReadOnlyList<GroupSetting> Of(LimitSpec limits)
    {
        var settings = new List<GroupSetting>();
        void Add(bool isSet, string controller, string file, string text)
        {
            if (isSet)
            {
                settings.Add(new GroupSetting(controller, file, text));
            }
        }

        Add(limits.CgroupMemoryBytes > 0, "memory", "memory.max", Text(limits.CgroupMemoryBytes));
        var quota = (long)limits.CgroupCpuPercent * PeriodMicroseconds / Percent;
        Add(quota > 0, "cpu", "cpu.max", $"{Text(quota)} {Text(PeriodMicroseconds)}");
        Add(limits.CgroupPrograms > 0, "pids", "pids.max", Text(limits.CgroupPrograms));
        return settings;
    }

    private static string Text(long number) => number.ToString(CultureInfo.InvariantCulture);
}

/// <summary>One file of a control group.</summary>
/// <param name="Controller">The controller it belongs to.</param>
/// <param name="File">Its name.</param>
/// <param name="Text">What goes into it.</param>
internal sealed record GroupSetting(string Controller, string File, string Text);
