using Tspm.CaptureLog;

namespace Tspm.Daemon.Resources;

/// <summary>Holds back that a program was started until <c>__exec</c> has become it; its failure waits for its end.</summary>
/// <remarks>The supervisor's loop only, but for the report.</remarks>
internal sealed class ExecGate(ExecReport report) : IAsyncDisposable
{
    private bool _isAnswered;

    /// <summary>What it hears.</summary>
    public ExecReport Report => report;

    /// <summary>Why it did not become its program.</summary>
    public ExecFailure? Failure { get; private set; }

    /// <summary>Its end, if that came first.</summary>
    public JournalRecord? Ended { get; private set; }

    /// <summary>It became its program.</summary>
    public bool IsOpen => _isAnswered && Failure is null;

    /// <summary>It did not, and is gone.</summary>
    public bool IsRefused => Failure is not null && Ended is not null;

    /// <summary>What it said.</summary>
    public void TakeAnswer(ExecFailure? failure) => (_isAnswered, Failure) = (true, failure);

    /// <summary>It has ended.</summary>
    public void TakeEnd(in JournalRecord record)
    {
        Ended = record;
        report.EndSoon();
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => report.DisposeAsync();
}
