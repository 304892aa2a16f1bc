namespace Appliance.Vmm.Virtio.Console;

/// <summary>Counts since the device was made; written under its lock.</summary>
internal sealed class ConsoleMetrics
{
    /// <summary>Bytes the guest printed.</summary>
    public long OutputBytes;

    /// <summary>Bytes the guest was given.</summary>
    public long InputBytes;
}
