namespace Tspm.Logs;

/// <summary>Told that a log's head has moved. Carries nothing: data first, signal after.</summary>
public interface ICursorWaker
{
    /// <summary>There is something to read. Cheap, never blocks; any thread; may come without need.</summary>
    void Wake();
}
