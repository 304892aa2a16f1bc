namespace Appliance.Vmm.Virtio.Balloon;

/// <summary>
/// What a guest says of its memory, Virtio 1.2 §5.5.6.3; its word only. Bytes, or counts since it booted; null: it has not said.
/// </summary>
/// <param name="Available">What programs could get without swapping, as Linux estimates it.</param>
/// <param name="Caches">Of files, which it could give up.</param>
internal readonly record struct BalloonStatistics(
    ulong? SwappedIn, ulong? SwappedOut, ulong? MajorFaults, ulong? MinorFaults, ulong? Free, ulong? Total, ulong? Available, ulong? Caches)
{
    /// <summary>In the words of the control protocol.</summary>
    public (string Name, ulong? Value)[] ByName =>
    [
        ("totalBytes", Total), ("freeBytes", Free), ("availableBytes", Available), ("cacheBytes", Caches), ("swappedInBytes", SwappedIn),
        ("swappedOutBytes", SwappedOut), ("majorFaults", MajorFaults), ("minorFaults", MinorFaults),
    ];

    /// <summary>struct virtio_balloon_stat: a 16-bit tag and a 64-bit value, without a gap.</summary>
    public const uint EntryBytes = 10;

    // More entries than there are tags say nothing new.
    private const int MaxEntries = 64;

    /// <summary>Takes entries from a buffer of the guest's; unknown tags and a cut entry at the end are passed over.</summary>
    public static BalloonStatistics Parse(BufferList entries)
    {
        var statistics = default(BalloonStatistics);
        for (int i = 0; i < MaxEntries && entries.TryTake(out ushort tag) && entries.TryTake(out ulong value); i++)
        {
            statistics = tag switch
            {
                0 => statistics with { SwappedIn = value },
                1 => statistics with { SwappedOut = value },
                2 => statistics with { MajorFaults = value },
                3 => statistics with { MinorFaults = value },
                4 => statistics with { Free = value },
                5 => statistics with { Total = value },
                6 => statistics with { Available = value },
                7 => statistics with { Caches = value },
                _ => statistics,
            };
        }

        return statistics;
    }
}
