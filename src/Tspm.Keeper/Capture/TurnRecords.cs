using Tspm.CaptureLog;
using Tspm.Keeper.Journal;

namespace Tspm.Keeper.Capture;

/// <summary>The journal records of one turn of a capture thread: collected, then written at once.</summary>
internal sealed class TurnRecords(JournalWriter journal, KeeperLog log) : IDisposable
{
    private const int MostRecords = 128;
    private static readonly TimeSpan RetryAfter = TimeSpan.FromMilliseconds(200);
    private readonly JournalRecord[] _records = new JournalRecord[MostRecords];

    // Never set: waiting for it is waiting for the disk.
    private readonly ManualResetEventSlim _pause = new();
    private int _count;
    private bool _isRefused;

    /// <summary>Adds a record; writes all if there is no room for more.</summary>
    public void Add(in JournalRecord record)
    {
        _records[_count++] = record;
        if (_count == _records.Length)
        {
            Write();
        }
    }

    /// <summary>Writes what was collected. Returns only when it is written.</summary>
    public void Write()
    {
        var rest = _records.AsSpan(0, _count);
        while (!rest.IsEmpty)
        {
            try
            {
                rest = rest[journal.AppendSome(rest)..];
                _isRefused = false;
            }
            catch (IOException refused)
            {
                // Neither home nor spill takes a record. The bytes are in the data files; without their records nothing may go on.
                if (!_isRefused)
                {
                    _isRefused = true;
                    log.Write(
                        2104,
                        $"the journal cannot be written, trying again: {refused.Message}"
                    );
                }

                _pause.Wait(RetryAfter);
            }
        }

        _count = 0;
    }

    /// <summary>Writes what was collected; every record of it has a smaller ord than this.</summary>
    public ulong WriteAndTellNext()
    {
        Write();
        return journal.NextOrd;
    }

    /// <inheritdoc/>
    public void Dispose() => _pause.Dispose();
}
