namespace Appliance.Vmm.Virtio.Entropy;

/// <summary>Counts since the device was made; written under its lock.</summary>
internal sealed class EntropyMetrics
{
    public long Requests;

    public long Bytes;
}
