using Tspm.Protocol.Messages;

namespace Tspm.Daemon.Resources;

/// <summary>What one run used at its newest sample; never changed, replaced by the next.</summary>
internal sealed record ProcessUse
{
    /// <summary>The run.</summary>
    public required SampledRun Run { get; init; }

    /// <summary>When it was sampled, monotonic ms.</summary>
    public required long AtMs { get; init; }

    /// <summary>CPU time so far, clock ticks.</summary>
    public required long Ticks { get; init; }

    /// <summary>The newest entry of its log then.</summary>
    public required long Head { get; init; }

    /// <summary>CPU since the sample before, percent of one core; NaN if unknown.</summary>
    public required double Cpu { get; init; }

    /// <summary>Lines per second since the sample before; NaN if there is none.</summary>
    public required double Lines { get; init; }

    /// <summary>Resident memory.</summary>
    public required long Bytes { get; init; }

    /// <summary>The most of it.</summary>
    public required long PeakBytes { get; init; }

    /// <summary>Threads.</summary>
    public required int Threads { get; init; }

    /// <summary>Programs.</summary>
    public required IReadOnlyList<int> Pids { get; init; }

    /// <summary>Proportional memory; −1 if it may not be read or was not.</summary>
    public long Pss { get; init; } = -1;

    /// <summary>Open files; −1 likewise.</summary>
    public int Files { get; init; } = -1;

    /// <summary>When those two were read, monotonic ms.</summary>
    public long DetailsAtMs { get; init; }

    /// <summary>For the wire.</summary>
    public SampleView ViewAt(long nowMs) =>
        new()
        {
            AgeMs = Math.Max(0, nowMs - AtMs),
            CpuPercent = double.IsNaN(Cpu) ? null : Math.Round(Cpu, 1),
            MemoryBytes = Bytes,
            PssBytes = Pss < 0 ? null : Pss,
            OpenFiles = Files < 0 ? null : Files,
            Threads = Threads,
            Programs = Pids.Count,
            LinesPerSecond = double.IsNaN(Lines) ? null : Math.Round(Lines, 1),
            PeakBytes = PeakBytes,
        };
}
