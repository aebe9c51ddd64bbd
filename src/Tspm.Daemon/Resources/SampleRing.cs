namespace Tspm.Daemon.Resources;

/// <summary>The samples of the last five minutes of one process, at most 300; the oldest goes when it is full.</summary>
/// <remarks>The sampler writes, requests read; the gate guards all fields.</remarks>
internal sealed class SampleRing
{
    private const int Most = 300;
    private const int First = 16;
    private readonly Lock _gate = new();
    private Sample[] _samples = new Sample[First];
    private int _begin;
    private int _count;

    /// <summary>One more; grows by doubling up to its bound.</summary>
    public void Add(in Sample sample)
    {
        lock (_gate)
        {
            if (_count == _samples.Length && _count < Most)
            {
                var larger = new Sample[Math.Min(Most, _samples.Length * 2)];
                for (var i = 0; i < _count; i++)
                {
                    larger[i] = _samples[(_begin + i) % _samples.Length];
                }

                (_samples, _begin) = (larger, 0);
            }

            _samples[(_begin + _count) % _samples.Length] = sample;
            if (_count < _samples.Length)
            {
                _count++;
            }
            else
            {
                _begin = (_begin + 1) % _samples.Length;
            }
        }
    }

    /// <summary>The time from <paramref name="fromMs"/> to <paramref name="toMs"/> in equal parts, each the mean of its samples.</summary>
    /// <param name="fromMs">Monotonic, ms.</param>
    /// <param name="toMs">Monotonic, ms.</param>
    /// <param name="points">How many parts.</param>
    public SampleHistory Read(long fromMs, long toMs, int points)
    {
        var history = new SampleHistory(points);
        lock (_gate)
        {
            for (var i = 0; i < _count; i++)
            {
                ref readonly var sample = ref _samples[(_begin + i) % _samples.Length];
                var into = sample.AtMs - fromMs;
                if (into > 0 && sample.AtMs <= toMs)
                {
                    // The part ends with its last moment, so that the newest sample is in the last part.
                    history.Add((int)((into - 1) * points / (toMs - fromMs)), sample);
                }
            }
        }

        return history;
    }
}

/// <summary>What is kept of one sample.</summary>
/// <param name="AtMs">When, monotonic.</param>
/// <param name="Cpu">Percent of one core; NaN if unknown.</param>
/// <param name="Lines">Lines per second; NaN if unknown.</param>
/// <param name="Bytes">Resident memory.</param>
internal readonly record struct Sample(long AtMs, float Cpu, float Lines, long Bytes);

/// <summary>Means of samples in equal parts of time; a part without samples has none.</summary>
internal sealed class SampleHistory(int points)
{
    private readonly (double Sum, int Count)[] _cpu = new (double, int)[points];
    private readonly (double Sum, int Count)[] _lines = new (double, int)[points];
    private readonly (double Sum, int Count)[] _bytes = new (double, int)[points];

    /// <summary>CPU.</summary>
    public IReadOnlyList<double?> Cpu => [.. _cpu.Select(Mean)];

    /// <summary>Lines per second.</summary>
    public IReadOnlyList<double?> Lines => [.. _lines.Select(Mean)];

    /// <summary>Memory.</summary>
    public IReadOnlyList<long?> Bytes => [.. _bytes.Select(part => (long?)Mean(part))];

    /// <summary>Adds a sample to its part.</summary>
    public void Add(int part, in Sample sample)
    {
        Add(ref _cpu[part], sample.Cpu);
        Add(ref _lines[part], sample.Lines);
        Add(ref _bytes[part], sample.Bytes);
    }

    private static void Add(ref (double Sum, int Count) part, double value)
    {
        if (!double.IsNaN(value))
        {
            part = (part.Sum + value, part.Count + 1);
        }
    }

    private static double? Mean((double Sum, int Count) part) =>
        part.Count == 0 ? null : Math.Round(part.Sum / part.Count, 1);
}
