using Appliance.Linux.Kvm;
using Appliance.Linux.Libc;
using Appliance.Vmm.Acpi;
using Appliance.Vmm.Events;
using Appliance.Vmm.Interrupts;
using Appliance.Vmm.Memory;
using Appliance.Vmm.Pci;
using Appliance.Vmm.Virtio;
using Appliance.Vmm.Virtio.Pci;

namespace Appliance.Vmm.Machine;

/// <summary>
/// The virtio devices in the slots of the PCI bus, which come and go while the guest runs. Of the control thread, but <see cref="OnEjected"/>.
/// </summary>
internal sealed class PciSlots(PciBus bus, EventPorts events) : IDisposable
{
    private readonly Dictionary<VirtioDevice, Slot> _slots = [];
    private uint _ejected;

    private readonly record struct Slot(int Number, VirtioPci Function);

    /// <summary>Signalled when the guest has let a slot go.</summary>
    public EventFd Ejected { get; } = new();

    /// <summary>Puts a device into a free slot.</summary>
    /// <param name="announces">The guest runs: tell it.</param>
    /// <param name="place">The slot; null for the first that is free.</param>
    /// <exception cref="InvalidOperationException">There is none.</exception>
    public int Add(VirtioDevice device, EventLoop loop, KvmMachine machine, InterruptRouter router, GuestMemory memory, bool announces, int? place = null)
    {
        if (_slots.Count >= PciBus.Slots - 1)
            throw new InvalidOperationException($"the PCI bus has no free slot: {PciBus.Slots - 1} devices at most");
        var function = new VirtioPci(device, machine, router);
        device.Attach(memory, loop, function);
        int slot = bus.Add(function, place);
        _slots.Add(device, new Slot(slot, function));
        if (announces)
            events.AnnounceSlot(slot);
        return slot;
    }

    /// <summary>The slot of a device; null when it is none of ours.</summary>
    public int? NumberOf(VirtioDevice device) => _slots.TryGetValue(device, out var slot) ? slot.Number : null;

    /// <summary>Asks the guest to let a device go; false when it is none of ours.</summary>
    public bool Ask(VirtioDevice device)
    {
        if (!_slots.TryGetValue(device, out var slot))
            return false;
        events.AskForSlot(slot.Number);
        return true;
    }

    /// <summary>The guest lets a slot go. Any thread.</summary>
    public void OnEjected(int slot)
    {
        Interlocked.Or(ref _ejected, 1u << slot);
        Ejected.Signal();
    }

    /// <summary>What the guest has let go since the last time; empty slots count for nothing.</summary>
    public List<VirtioDevice> TakeEjected()
    {
        Ejected.Clear();
        uint slots = Interlocked.Exchange(ref _ejected, 0);
        var ejected = new List<VirtioDevice>();
        foreach (var (device, slot) in _slots)
        {
            if ((slots & (1u << slot.Number)) != 0)
                ejected.Add(device);
        }

        return ejected;
    }

    /// <summary>Empties a device's slot and disposes the device. While no processor runs.</summary>
    public void Remove(VirtioDevice device)
    {
        if (!_slots.Remove(device, out var slot))
            return;

        // Quiet first: nothing of it may touch its interrupts, or the guest's memory, afterwards.
        device.Pause();
        lock (device.Gate)
            device.Reset();
        bus.Remove(slot.Number);
        slot.Function.Dispose();
        device.Dispose();
    }

    /// <summary>The devices themselves are the machine's.</summary>
    public void Dispose()
    {
        foreach (var slot in _slots.Values)
            slot.Function.Dispose();
        Ejected.Dispose();
    }
}
