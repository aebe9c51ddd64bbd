using Tspm.Protocol.Messages;

namespace Tspm.Daemon.Supervision.Checks;

/// <summary>Counts looks in a row and tells when health is found or lost; pure but for its counters.</summary>
internal sealed class HealthCount(ProbeSpec probe)
{
    private int _good;
    private int _bad;
    private bool? _isWell;

    /// <summary>Takes one look.</summary>
    public HealthChange Take(bool isGood)
    {
        (_good, _bad) = isGood ? (_good + 1, 0) : (0, _bad + 1);
        if (_isWell != true && _good >= probe.Successes)
        {
            _isWell = true;
            return HealthChange.Found;
        }

        if (_isWell != false && _bad >= probe.Failures)
        {
            _isWell = false;
            return HealthChange.Lost;
        }

        return HealthChange.None;
    }
}

/// <summary>What a look changed.</summary>
internal enum HealthChange
{
    /// <summary>Nothing.</summary>
    None,

    /// <summary>It is well now.</summary>
    Found,

    /// <summary>It is not well any more.</summary>
    Lost,
}
