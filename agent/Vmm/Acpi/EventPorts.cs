using Appliance.Linux.Libc;
using Appliance.Vmm.Bus;
using Appliance.Vmm.Snapshots;

namespace Appliance.Vmm.Acpi;

/// <summary>What the machine tells its guest by the generic event device, ACPI 6.5 §5.6.9.</summary>
[Flags]
internal enum MachineEvents : uint
{
    None = 0,
    PowerButton = 1,

    /// <summary>A PCI slot was filled, or should be emptied.</summary>
    PciSlots = 2,

    /// <summary>The machine is a copy of an earlier state: its generation id is another.</summary>
    Generation = 4,
}

/// <summary>
/// Registers of 32 bits that the DSDT's methods work with: what happened, which PCI slots were filled, which should be emptied, and which the
/// guest has let go. The first three forget what was read.
/// </summary>
/// <param name="interrupt">Signalled when there is news.</param>
/// <param name="ejected">Called on the processor's thread when the guest lets a slot go.</param>
internal sealed class EventPorts(EventFd interrupt, Action<int> ejected) : IBusDevice, ISavedPart
{
    public const ushort Start = 0x610;
    public const ulong PortCount = 16;

    // In the order of the registers.
    public const string EventsRegister = "EVST", FilledRegister = "PCIU", UnwantedRegister = "PCID", EjectRegister = "PCIE";

    private const ushort StateVersion = 1;
    private static readonly uint StateTag = StateFormat.Tag("EVNT"u8);

    private uint _events;
    private uint _filled;
    private uint _unwanted;

    /// <summary>Tells the guest. Any thread.</summary>
    public void Raise(MachineEvents events)
    {
        Interlocked.Or(ref _events, (uint)events);
        interrupt.Signal();
    }

    /// <summary>Tells the guest that there is a new device in a PCI slot.</summary>
    public void AnnounceSlot(int slot)
    {
        Interlocked.Or(ref _filled, 1u << slot);
        Raise(MachineEvents.PciSlots);
    }

    /// <summary>Asks the guest to let the device in a PCI slot go; what it does is its own decision.</summary>
    public void AskForSlot(int slot)
    {
        Interlocked.Or(ref _unwanted, 1u << slot);
        Raise(MachineEvents.PciSlots);
    }

    public void Save(StateWriter writer)
    {
        writer.Begin(StateTag, 0, StateVersion);
        writer.Put(_events);
        writer.Put(_filled);
        writer.Put(_unwanted);
    }

    /// <summary>What the guest has not read yet is announced again.</summary>
    public void Restore(StateReader reader)
    {
        var state = reader.Get(StateTag, 0, StateVersion);
        (_events, _filled, _unwanted) = (state.Take<uint>(), state.Take<uint>(), state.Take<uint>());
        if (_events != 0)
            interrupt.Signal();
    }

    public void Read(ulong offset, Span<byte> data)
    {
        if (data.Length != sizeof(uint))
        {
            data.Clear();
            return;
        }

        Registers.Put(data, offset switch
        {
            0 => Interlocked.Exchange(ref _events, 0),
            4 => Interlocked.Exchange(ref _filled, 0),
            8 => Interlocked.Exchange(ref _unwanted, 0),
            _ => 0,
        });
    }

    public void Write(ulong offset, ReadOnlySpan<byte> data)
    {
        if (offset != 12 || data.Length != sizeof(uint))
            return;
        uint slots = (uint)Registers.Get(data);
        for (int slot = 1; slot < 32; slot++)
        {
            if ((slots & (1u << slot)) != 0)
                ejected(slot);
        }
    }
}
