namespace Appliance.Vmm.Virtio.Net;

/// <summary>Counts since the device was made; written under its lock. "Received" and "sent" as the guest sees it.</summary>
internal sealed class NetMetrics
{
    public long ReceivedFrames;

    public long ReceivedBytes;

    public long SentFrames;

    public long SentBytes;

    /// <summary>Frames that did not fit into what the guest had made available.</summary>
    public long DroppedReceived;

    /// <summary>Frames that the host did not take: malformed, or no room.</summary>
    public long DroppedSent;

    /// <summary>Times that a frame had to wait for the limit.</summary>
    public long ThrottledReceived;

    public long ThrottledSent;

    /// <summary>Gives each count with its name in the control protocol.</summary>
    public void Read(Action<string, long> read)
    {
        read("receivedFrames", ReceivedFrames);
        read("receivedBytes", ReceivedBytes);
        read("sentFrames", SentFrames);
        read("sentBytes", SentBytes);
        read("droppedReceived", DroppedReceived);
        read("droppedSent", DroppedSent);
        read("throttledReceived", ThrottledReceived);
        read("throttledSent", ThrottledSent);
    }
}
