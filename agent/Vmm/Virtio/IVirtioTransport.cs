using Appliance.Vmm.Snapshots;

namespace Appliance.Vmm.Virtio;

/// <summary>What shows a device to its driver: registers, interrupts, and the state of both.</summary>
internal interface IVirtioTransport : IVirtioInterrupts
{
    /// <summary>Writes one section. The device is paused.</summary>
    /// <param name="instance">The device's number in its machine.</param>
    void Save(StateWriter writer, uint instance);

    /// <summary>Before the device's own state is restored.</summary>
    /// <exception cref="SnapshotException">The state is no such transport's.</exception>
    void Restore(StateReader reader, uint instance);
}
