using Cronos;
using Tspm.Protocol.Messages;

namespace Tspm.Daemon.Schedule;

/// <summary>The times of one schedule.</summary>
internal sealed class CronTimes
{
    private const int FieldsWithSeconds = 6;
    private readonly CronExpression _cron;
    private readonly TimeZoneInfo _zone;

    private CronTimes(CronExpression cron, TimeZoneInfo zone)
    {
        _cron = cron;
        _zone = zone;
    }

    /// <summary>Reads a schedule.</summary>
    /// <param name="spec">The schedule.</param>
    /// <param name="local">The time zone if it names none.</param>
    /// <param name="times">Its times.</param>
    /// <returns>What is wrong; null if nothing is.</returns>
    public static string? TryRead(ScheduleSpec spec, TimeZoneInfo local, out CronTimes? times)
    {
        times = null;
        if (spec.Cron.Length > 200)
        {
            return "a cron expression has at most 200 characters";
        }

        var zone = local;
        if (spec.Zone is { } name && !TimeZoneInfo.TryFindSystemTimeZoneById(name, out zone))
        {
            return $"\"{name}\" is not a time zone such as Europe/Berlin";
        }

        var fields = spec.Cron.Split(' ', StringSplitOptions.RemoveEmptyEntries).Length;
        var format = fields == FieldsWithSeconds ? CronFormat.IncludeSeconds : CronFormat.Standard;
        if (!CronExpression.TryParse(spec.Cron, format, out var cron))
        {
            return $"\"{spec.Cron}\" is not a cron expression: {WhyNot(spec.Cron, format)}";
        }

        times = new CronTimes(cron, zone!); // found, or the local one
        return null;
    }

    /// <summary>The first time after one; null if there is none any more.</summary>
    public DateTimeOffset? After(DateTimeOffset time) => _cron.GetNextOccurrence(time, _zone);

    private static string WhyNot(string text, CronFormat format)
    {
        try
        {
            CronExpression.Parse(text, format);
            return "it cannot be read";
        }
        catch (CronFormatException error)
        {
            return error.Message;
        }
    }
}
