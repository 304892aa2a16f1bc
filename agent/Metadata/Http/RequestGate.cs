namespace Appliance.Agent.Metadata.Http;

/// <summary>What one guest may cost: connections at a time, and requests in a second. Thread-safe.</summary>
internal sealed class RequestGate(TimeProvider clock)
{
    /// <summary>A guest's tools ask one after the other; a few may run at once.</summary>
    private const int MaxConnections = 8;

    /// <summary>A boot asks some dozens of times at once; more than that waits.</summary>
    private const int Burst = 100;

    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(20);

    private readonly Lock _lock = new();
    private readonly long _start = clock.GetTimestamp();
    private int _connections;

    // Since the start: when the guest will have earned all it has used.
    private TimeSpan _paidUntil;

    public bool TryEnter()
    {
        lock (_lock)
        {
            if (_connections == MaxConnections)
                return false;
            _connections++;
            return true;
        }
    }

    public void Leave()
    {
        lock (_lock)
            _connections--;
    }

    /// <summary>Waits as long as the guest has asked too fast.</summary>
    public async Task PaceAsync(CancellationToken ct)
    {
        TimeSpan wait;
        lock (_lock)
        {
            var now = clock.GetElapsedTime(_start);
            _paidUntil = (_paidUntil > now ? _paidUntil : now) + Interval;
            wait = _paidUntil - now - Interval * Burst;
        }

        if (wait > TimeSpan.Zero)
            await Task.Delay(wait, clock, ct);
    }
}
