namespace Tspm.Protocol.Messages;

/// <summary>What a program may use, and how it stands beside others.</summary>
public sealed record LimitSpec
{
    /// <summary>The most memory of the whole tree; over it the run is ended as a failure. 0 for no limit.</summary>
    public long MaxMemoryBytes { get; init; }

    /// <summary>Limits of the kernel for each program (setrlimit).</summary>
    public IReadOnlyList<ResourceLimit> Kernel { get; set; } = [];

    /// <summary>Niceness, −20 to 19; null leaves the keeper's.</summary>
    public int? Nice { get; init; }

    /// <summary>How willingly the kernel ends it when memory is short, −1000 to 1000; null leaves the keeper's.</summary>
    public int? OomScore { get; init; }

    /// <summary>It cannot gain privileges by what it executes.</summary>
    public bool NoNewPrivileges { get; init; }

    /// <summary>The most memory of its control group; 0 for no limit.</summary>
    public long CgroupMemoryBytes { get; init; }

    /// <summary>The most CPU of its control group, percent of one core; 0 for no limit.</summary>
    public int CgroupCpuPercent { get; init; }

    /// <summary>The most programs in its control group; 0 for no limit.</summary>
    public int CgroupPrograms { get; init; }

    /// <summary>It is sampled though nobody looks, so that there is a history.</summary>
    public bool KeepsHistory { get; init; }
}

/// <summary>A limit of the kernel.</summary>
/// <param name="Name">One of the names of <see cref="Specs.LimitText"/>.</param>
/// <param name="Soft">What holds; −1 for none.</param>
/// <param name="Hard">How far the program may raise it; −1 for none.</param>
public sealed record ResourceLimit(string Name, long Soft, long Hard);
