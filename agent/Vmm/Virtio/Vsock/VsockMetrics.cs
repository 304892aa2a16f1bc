namespace Appliance.Vmm.Virtio.Vsock;

/// <summary>Counts since the device was made; written under its lock. "Sent" and "received" as the guest sees it.</summary>
internal sealed class VsockMetrics
{
    public long SentPackets;

    public long SentBytes;

    public long ReceivedPackets;

    public long ReceivedBytes;

    /// <summary>Connections that came to be, of either side's making.</summary>
    public long Connections;

    /// <summary>Resets sent to the guest: nobody listens, the host is gone, or the guest broke the protocol.</summary>
    public long Resets;

    /// <summary>Packets without a whole header, or for or from an address that is not this device's.</summary>
    public long DroppedPackets;

    /// <summary>Gives each count with its name in the control protocol.</summary>
    public void Read(Action<string, long> read)
    {
        read("sentPackets", SentPackets);
        read("sentBytes", SentBytes);
        read("receivedPackets", ReceivedPackets);
        read("receivedBytes", ReceivedBytes);
        read("connections", Connections);
        read("resets", Resets);
        read("droppedPackets", DroppedPackets);
    }
}
