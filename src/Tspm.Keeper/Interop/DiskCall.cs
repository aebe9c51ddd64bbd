namespace Tspm.Keeper.Interop;

/// <summary>A call that a disk may refuse.</summary>
internal enum DiskCall
{
    /// <summary>Opening or making a file.</summary>
    Open,

    /// <summary>Bytes from memory to a file.</summary>
    Write,

    /// <summary>Bytes from a pipe to a file.</summary>
    Splice,

    /// <summary>A file to the device.</summary>
    Sync,

    /// <summary>Deleting a file.</summary>
    Delete,
}

/// <summary>What a test lets a call do.</summary>
/// <param name="call">The call.</param>
/// <param name="path">The file; empty where it is not known.</param>
/// <returns>0: as it is. Above 0: it fails with this errno. Below 0: it moves at most so many bytes.</returns>
internal delegate int DiskFault(DiskCall call, string path);
