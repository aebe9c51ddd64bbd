namespace Tspm.Logs.Index;

/// <summary>What index and retention are about to ask of the disk, so that a test can have it refused.</summary>
/// <remarks>Of the thread that sets it; without it a step costs one comparison.</remarks>
internal static class DiskSeam
{
    [ThreadStatic]
    private static Action<DiskStep>? _before;

    /// <summary>Called before each step of this thread; what it throws is what the disk said.</summary>
    public static Action<DiskStep>? Before
    {
        get => _before;
        set => _before = value;
    }

    /// <summary>A step comes now.</summary>
    public static void Pass(DiskStep step) => _before?.Invoke(step);
}

/// <summary>A call that a disk can refuse.</summary>
internal enum DiskStep
{
    /// <summary>A file is made.</summary>
    Create,

    /// <summary>Bytes are written.</summary>
    Write,

    /// <summary>A file gets its name.</summary>
    Rename,

    /// <summary>What was written is waited for.</summary>
    Sync,

    /// <summary>A file is deleted.</summary>
    Delete,
}
