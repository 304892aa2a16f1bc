namespace Appliance.Agent.Link;

/// <summary>
/// Pauses between attempts: doubling from 100 ms to 10 s, each a random part of that ("full jitter"), so that a thousand nodes do not come
/// back to a restarted controller in the same moment.
/// </summary>
internal sealed class Backoff(Random random)
{
    private static readonly TimeSpan First = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan Longest = TimeSpan.FromSeconds(10);

    private int _attempts;

    public void Reset() => _attempts = 0;

    public TimeSpan Next()
    {
        var ceiling = Math.Min(Longest.TotalMilliseconds, First.TotalMilliseconds * Math.Pow(2, _attempts));
        _attempts = Math.Min(_attempts + 1, 16);
        return TimeSpan.FromMilliseconds(ceiling * random.NextDouble());
    }
}
