using Appliance.Agent.Network.RouterAdvertisement;

namespace Appliance.Agent.Network.Guest;

/// <summary>When a port hears unsolicited advertisements: at once, shortly after twice more, then at random intervals (RFC 4861 §6.2.4).</summary>
internal struct AdvertisementSchedule
{
    private const int InitialCount = 3;
    private static readonly TimeSpan InitialInterval = TimeSpan.FromSeconds(16);

    private int _sent;

    public AdvertisementSchedule() => DueAt = long.MinValue;

    /// <summary>Monotonic, in milliseconds.</summary>
    public long DueAt { get; private set; }

    public void Sent(long now)
    {
        var wait = TimeSpan.FromMilliseconds(Random.Shared.Next(
            (int)AdvertisementBuilder.MinInterval.TotalMilliseconds, (int)AdvertisementBuilder.MaxInterval.TotalMilliseconds));
        if (++_sent < InitialCount && wait > InitialInterval)
            wait = InitialInterval;
        DueAt = now + (long)wait.TotalMilliseconds;
    }
}
