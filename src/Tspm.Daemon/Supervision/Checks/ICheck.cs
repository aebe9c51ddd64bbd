namespace Tspm.Daemon.Supervision.Checks;

/// <summary>One look at a program.</summary>
internal interface ICheck
{
    /// <summary>Looks.</summary>
    /// <param name="timeout">The longest it may take.</param>
    /// <param name="ct">Ends it.</param>
    /// <returns>Null if all is well; else what is not.</returns>
    Task<string?> LookAsync(TimeSpan timeout, CancellationToken ct);
}
