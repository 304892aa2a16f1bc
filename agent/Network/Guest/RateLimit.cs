namespace Appliance.Agent.Network.Guest;

/// <summary>How many answers one port gets: a hostile guest that asks all the time must not keep the node's one thread from the others.</summary>
internal struct RateLimit(long now)
{
    /// <summary>A booting guest asks a handful of times; a whole burst covers several reboots at once.</summary>
    private const int Burst = 50;

    private const long MillisecondsPerAnswer = 50;

    private long _credits = Burst;
    private long _countedAt = now;

    /// <param name="now">Monotonic, in milliseconds.</param>
    public bool TryTake(long now)
    {
        long earned = (now - _countedAt) / MillisecondsPerAnswer;
        _credits = Math.Min(Burst, _credits + earned);
        _countedAt += earned * MillisecondsPerAnswer;
        if (_credits == 0)
            return false;

        _credits--;
        return true;
    }
}
