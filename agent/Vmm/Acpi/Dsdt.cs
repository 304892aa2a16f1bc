using Appliance.Vmm.Memory;
using Appliance.Vmm.Serial;

namespace Appliance.Vmm.Acpi;

/// <summary>
/// The devices that no bus enumerates: serial port, PCI host bridge and its slots, power button, generation id, virtio-mmio. What happens while the
/// guest runs comes as one interrupt to the generic event device, whose method asks <see cref="EventPorts"/> what it was.
/// </summary>
internal static class Dsdt
{
    // Notifications, ACPI 6.5 §5.6.6: of any device, then of a power button, then of the generation id's own document.
    private const byte DeviceCheck = 1, EjectRequest = 3, ButtonPressed = 0x80, GenerationChanged = 0x80;

    private const string NotifySlots = "PCNT";

    public static byte[] Make(AcpiMachine machine)
    {
        var aml = new AmlBuilder();
        aml.Package(@"\_S5_", PowerPorts.PowerOffType, 0, 0, 0);
        aml.Scope(@"\_SB_", system =>
        {
            system.Ports("EVTR", EventPorts.Start, EventPorts.EventsRegister, EventPorts.FilledRegister, EventPorts.UnwantedRegister, EventPorts.EjectRegister);
            system.Device("COM1", SerialDevice);
            if (machine.HasPci)
                system.Device("PCI0", HostBridge);
            system.Device("PWRB", static button => button.EisaId("_HID", "PNP0C0C"));
            system.Device("VGEN", GenerationDevice);
            system.Device("GED_", events => EventDevice(events, machine));
            for (int i = 0; i < machine.MmioDevices.Count; i++)
            {
                var (device, number) = (machine.MmioDevices[i], (uint)i);
                system.Device($"VR{i:X2}", node => MmioDevice(node, device, number));
            }
        });
        return AcpiTable.Make("DSDT", 6, aml.ToArray());
    }

    private static void SerialDevice(AmlBuilder node)
    {
        node.EisaId("_HID", "PNP0501");
        node.Name("_UID", 0);
        node.Resources("_CRS", [.. ResourceDescriptors.Ports(SerialPort.Com1, (byte)SerialPort.PortCount), .. ResourceDescriptors.Interrupt(SerialPort.Com1Interrupt)]);
    }

    private static void HostBridge(AmlBuilder node)
    {
        node.EisaId("_HID", "PNP0A03");
        node.Name("_UID", 0);
        node.Name("_SEG", 0);
        node.Name("_BBN", 0);
        node.Resources(
            "_CRS",
            [
                .. ResourceDescriptors.Buses(0, 0),
                .. ResourceDescriptors.Ports(Pci.PciConfigPorts.Start, (byte)Pci.PciConfigPorts.PortCount),
                .. ResourceDescriptors.MemoryWindow((uint)MemoryLayout.PciWindowStart, (uint)MemoryLayout.PciWindowEnd - 1),
            ]);
        for (int slot = 1; slot < Pci.PciBus.Slots; slot++)
        {
            uint number = (uint)slot;
            node.Device(SlotName(slot), device => Slot(device, number));
        }

        node.Method(NotifySlots, 0, NotifyEachSlot);
    }

    // What makes Linux' acpiphp take a slot for one that devices come to and go from is its _EJ0, §6.3.3.
    private static void Slot(AmlBuilder node, uint slot)
    {
        node.Name("_ADR", slot << 16);
        node.Name("_SUN", slot);
        node.Method("_EJ0", 1, body => body.Store(1u << (int)slot, EventPorts.EjectRegister));
    }

    private static void NotifyEachSlot(AmlBuilder body)
    {
        const int filled = 0, unwanted = 1;
        body.Load(EventPorts.FilledRegister, filled);
        body.Load(EventPorts.UnwantedRegister, unwanted);
        for (int slot = 1; slot < Pci.PciBus.Slots; slot++)
        {
            string name = SlotName(slot);
            body.WhenHas(filled, 1u << slot, then => then.Notify(name, DeviceCheck));
            body.WhenHas(unwanted, 1u << slot, then => then.Notify(name, EjectRequest));
        }
    }

    private static string SlotName(int slot) => $"S{slot:X3}";

    // The names are those of the document that GenerationId cites; drivers match either.
    private static void GenerationDevice(AmlBuilder node)
    {
        node.Name("_HID", "VMGENCTR");
        node.Name("_CID", "VM_Gen_Counter");
        node.Name("_DDN", "VM_Gen_Counter");
        node.Package("ADDR", MemoryLayout.GenerationPage, 0);
    }

    // "Generic Event Device", ACPI 6.5 §5.6.9.
    private static void EventDevice(AmlBuilder node, AcpiMachine machine)
    {
        const int events = 0;
        node.Name("_HID", "ACPI0013");
        node.Name("_UID", 0);
        node.Resources("_CRS", ResourceDescriptors.Interrupt(machine.EventInterrupt));
        node.Method("_EVT", 1, body => body.WhenFirstArgumentIs(machine.EventInterrupt, then =>
        {
            then.Load(EventPorts.EventsRegister, events);
            then.WhenHas(events, (uint)MachineEvents.PowerButton, button => button.Notify("PWRB", ButtonPressed));
            then.WhenHas(events, (uint)MachineEvents.Generation, generation => generation.Notify("VGEN", GenerationChanged));
            if (machine.HasPci)
                then.WhenHas(events, (uint)MachineEvents.PciSlots, static slots => slots.Call($@"\_SB_.PCI0.{NotifySlots}"));
        }));
    }

    // The id that Linux' virtio-mmio driver binds to.
    private static void MmioDevice(AmlBuilder node, AcpiMmioDevice device, uint number)
    {
        node.Name("_HID", "LNRO0005");
        node.Name("_UID", number);
        node.Name("_CCA", 1);
        node.Resources("_CRS", [.. ResourceDescriptors.Memory(device.Address, device.LengthBytes), .. ResourceDescriptors.Interrupt(device.Interrupt)]);
    }
}
