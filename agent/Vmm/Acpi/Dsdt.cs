using Appliance.Vmm.Memory;
using Appliance.Vmm.Serial;

namespace Appliance.Vmm.Acpi;

/// <summary>The devices that no bus enumerates: serial port, PCI host bridge, power button, virtio-mmio.</summary>
internal static class Dsdt
{
    private const byte ButtonPressed = 0x80;

    public static byte[] Make(AcpiMachine machine)
    {
        var aml = new AmlBuilder();
        aml.Package(@"\_S5_", PowerPorts.PowerOffType, 0, 0, 0);
        aml.Scope(@"\_SB_", system =>
        {
            system.Device("COM1", SerialDevice);
            if (machine.HasPci)
                system.Device("PCI0", HostBridge);
            system.Device("PWRB", static button => button.EisaId("_HID", "PNP0C0C"));
            system.Device("GED_", events => EventDevice(events, machine.PowerInterrupt));
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
    }

    // "Generic Event Device", ACPI 6.5 §5.6.9.
    private static void EventDevice(AmlBuilder node, uint interrupt)
    {
        node.Name("_HID", "ACPI0013");
        node.Name("_UID", 0);
        node.Resources("_CRS", ResourceDescriptors.Interrupt(interrupt));
        node.Method("_EVT", 1, body => body.NotifyWhenFirstArgumentIs(interrupt, "PWRB", ButtonPressed));
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
