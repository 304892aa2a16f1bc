namespace Appliance.Vmm.Virtio;

/// <summary>How a device reaches its driver: what a transport (MMIO, PCI) provides. Any thread, device lock held or not.</summary>
internal interface IVirtioInterrupts
{
    /// <summary>Chains of a queue were given back.</summary>
    void UsedBuffers(int queue);

    /// <summary>The configuration changed, or the device needs a reset.</summary>
    void ConfigurationChanged();
}
