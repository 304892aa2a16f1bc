namespace Appliance.Vmm.Virtio.Entropy;

/// <summary>Counts since the device was made; written under its lock.</summary>
internal sealed class EntropyMetrics
{
    public long Requests;

    public long Bytes;

    /// <summary>Gives each count with its name in the control protocol.</summary>
    public void Read(Action<string, long> read)
    {
        read("requests", Requests);
        read("bytes", Bytes);
    }
}
